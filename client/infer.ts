import { type AnsweredBy, answeredBy, type Said } from "./answered-by.ts";
import { type AskOptions, parametersOf, pathOf } from "./ask.ts";
import { ClientError } from "./client-error.ts";
import { type Connection, type Incoming, jsonOf, type Outgoing, send } from "./send.ts";
import { bytesOf, dataFromBytes, dataFromJson, datatypeOf, jsonDataOf, type Tensor, type TensorData, tensorOf } from "./tensor.ts";

export interface InferOptions extends AskOptions {
  /** Names of the outputs that are wanted; all where it is left out. */
  readonly outputs?: readonly string[] | undefined;
  /** Values as bytes behind the JSON, both ways, which is exact and takes no parsing; `false`: in the JSON. Default: true. */
  readonly binary?: boolean | undefined;
}

export interface Inferred extends AnsweredBy {
  /** By name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** One tensor a column: its values, one a row, or values with a shape. */
export type Inputs = Readonly<Record<string, TensorData | Tensor>>;

/** Columns over `/v2/models/{model}/infer`. */
export async function infer(connection: Connection, model: string, inputs: Inputs, options: InferOptions): Promise<Inferred> {
  const reply = await send(connection, { path: `${pathOf("/v2", model, options.version)}/infer`, timeoutMs: options.timeoutMs, signal: options.signal, ...encode(inputs, options) });
  return decode(reply);
}

function encode(inputs: Inputs, options: InferOptions): Pick<Outgoing, "body" | "headers"> {
  const tensors = Object.entries(inputs).map(([name, input]) => ({ name, ...tensorOf(input) }));
  const heads = tensors.map(({ name, shape, data }) => ({ name, shape, datatype: datatypeOf(name, data) }));
  const outputs = options.outputs?.map((name) => ({ name }));
  if (options.binary === false) return { body: JSON.stringify({ inputs: heads.map((head, i) => ({ ...head, data: jsonDataOf(head.name, tensors[i]!.data) })), parameters: parametersOf(options), outputs }) };
  const parts = tensors.map(({ data }) => bytesOf(data));
  const described = heads.map((head, i) => ({ ...head, parameters: { binary_data_size: parts[i]!.length } }));
  const json = new TextEncoder().encode(JSON.stringify({ inputs: described, parameters: { ...parametersOf(options), binary_data_output: true }, outputs }));
  return { body: joined([json, ...parts]), headers: { "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": String(json.length) } };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

interface ReplyHead {
  readonly outputs?: readonly OutputHead[];
  readonly model_version: string;
  readonly parameters: Omit<Said, "model_version">;
}

interface OutputHead {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size?: number };
}

/** JSON, and behind it the values of those outputs that say how many bytes they have, in their order. */
function decode(reply: Incoming): Inferred {
  const header = reply.headers.get("inference-header-content-length");
  const length = header === null ? reply.body.length : Number(header);
  const { outputs, model_version, parameters: said } = jsonOf(reply, reply.body.subarray(0, length)) as ReplyHead;
  if (!Array.isArray(outputs)) throw new ClientError(reply.status, "the reply has no outputs; is that a server of the Open Inference Protocol?");
  let at = length;
  const found = (outputs as readonly OutputHead[]).map(({ name, shape, datatype, data, parameters }): [string, Tensor] => {
    const size = parameters?.binary_data_size;
    if (size === undefined) return [name, { shape, data: dataFromJson(datatype, data ?? []) }];
    if (!(size <= reply.body.length - at)) throw new ClientError(reply.status, `the reply ends inside its output ${JSON.stringify(name)}`);
    return [name, { shape, data: dataFromBytes(datatype, reply.body.subarray(at, (at += size))) }];
  });
  return { outputs: Object.fromEntries(found), ...answeredBy({ ...said, model_version }) };
}
