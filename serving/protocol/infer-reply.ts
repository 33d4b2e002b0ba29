import { bestOf, type Prediction } from "./prediction.ts";
import type { OutputName, WantedOutputs } from "./infer-outputs.ts";
import { replyTexts } from "./reply-texts.ts";

/** A body, and the length of its JSON where binary data follow. */
export interface InferReply {
  readonly body: string | Buffer;
  readonly headerLength: number | null;
}

/** The protocol's reply, written by hand: it is on the path of every prediction. */
export function encodeInfer(prediction: Prediction, requestId: string | null, outputs: WantedOutputs): InferReply {
  const { answer, id } = prediction;
  const { model, version, digest } = replyTexts(answer.contract);
  const tail: Buffer[] = [];
  let text = `{"model_name":${model},"model_version":${version},${requestId === null ? "" : `"id":${JSON.stringify(requestId)},`}"parameters":{"digest":${digest},"prediction_id":"${id}","variant":"${answer.variant}"},"outputs":[`;
  for (let i = 0; i < outputs.length; i++) text += (i === 0 ? "" : ",") + output(prediction, outputs[i]!, tail);
  text += "]}";
  if (tail.length === 0) return { body: text, headerLength: null };
  const header = Buffer.from(text);
  return { body: Buffer.concat([header, ...tail]), headerLength: header.length };
}

function output(prediction: Prediction, { name, binary }: WantedOutputs[number], tail: Buffer[]): string {
  const shape = shapeOf(prediction, name);
  const head = `{"name":"${name}","shape":[${shape.join(",")}],"datatype":"${name === "label" ? "BYTES" : name === "score" ? "FP32" : "FP64"}"`;
  if (!binary) return `${head},"data":[${name === "label" ? labels(prediction).join(",") : prediction.answer.scores.join(",")}]}`;
  const bytes = name === "label" ? labelBytes(prediction) : numberBytes(prediction.answer.scores, name);
  tail.push(bytes);
  return `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
}

function shapeOf({ answer, rows }: Prediction, name: OutputName): readonly number[] {
  return name === "label" ? [rows] : [rows, name === "score" ? answer.contract.classes!.length : 1];
}

function labels({ answer, rows }: Prediction): string[] {
  const { classes } = replyTexts(answer.contract);
  return Array.from({ length: rows }, (_, row) => classes[bestOf(answer.scores, row * classes.length, classes.length)]!);
}

function labelBytes({ answer, rows }: Prediction): Buffer {
  const names = answer.contract.classes!.map(lengthAndBytes);
  return Buffer.concat(Array.from({ length: rows }, (_, row) => names[bestOf(answer.scores, row * names.length, names.length)]!));
}

function lengthAndBytes(name: string): Buffer {
  const bytes = Buffer.from(name);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Every processor that Node runs on is little-endian, as the protocol is. */
function numberBytes(scores: Float32Array | Float64Array, name: OutputName): Buffer {
  const values = name === "score" ? Float32Array.from(scores) : Float64Array.from(scores);
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
