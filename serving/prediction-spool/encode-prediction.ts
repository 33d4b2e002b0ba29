import type { ModelContract } from "../../inference/contract.ts";
import { inputOf } from "../../inference/signature.ts";
import type { InputValues } from "../../inference/session.ts";
import { predictionFormat, type SpooledContract } from "../../schemas/spooled.ts";
import { entryHeaderBytes, entryKinds } from "../../stores/spool-frames.ts";
import type { PredictionRecord } from "../prediction-log.ts";
import { writeBytes, writeText } from "./write-text.ts";

/** Writes predictions of one version as entries of a frame. By hand, because it runs for every request on the thread that serves. */
export interface PredictionEncoder {
  readonly contract: SpooledContract;
  /** Most bytes that a record can take; to be asked right before it is written. */
  bytes(record: PredictionRecord): number;
  /** @returns where the record ends. */
  write(record: PredictionRecord, into: Buffer, at: number): number;
}

const variants = { champion: 0, canary: 1, shadow: 2 } as const;
const fixedBytes = entryHeaderBytes + 2 + 1 + 1 + 4 + 8 + 4 + 4 * 3 + 4;

/** @param index by which a segment names the contract. */
export function predictionEncoder(contract: ModelContract, index: number): PredictionEncoder {
  const kept = contract.columns.flatMap(({ column }, i) => (column.private === true ? [] : [{ i, type: inputOf(contract.columns[i]!).type }]));
  const texts = kept.filter(({ type }) => type === "string").map(({ i }) => i);
  const numbers = kept.filter(({ type }) => type !== "string").map(({ i }) => i);
  let extras = "";
  return {
    contract: spooled(contract),
    bytes(record) {
      const { batch, scores } = record;
      extras = extrasText(record.extras);
      let bytes = fixedBytes + 3 * extras.length + 3 * record.id.length + 3 * (record.error?.length ?? 0) + (scores?.byteLength ?? 0);
      for (const i of numbers) bytes += (batch.columns[i] as Float64Array).byteLength;
      for (const i of texts) for (const text of batch.columns[i] as readonly string[]) bytes += 4 + 3 * text.length;
      return bytes;
    },
    write(record, into, at) {
      const { batch, scores, error } = record;
      let to = at + entryHeaderBytes;
      into[to] = index & 0xff;
      into[to + 1] = index >> 8;
      into[to + 2] = variants[record.variant];
      into[to + 3] = scores === null ? 0 : scores instanceof Float64Array ? 2 : 1;
      to = into.writeUInt32LE(batch.rows, to + 4);
      to = into.writeDoubleLE(record.at, to);
      to = into.writeFloatLE(record.latencyMs, to);
      to = writeText(into, to, record.id);
      to = writeText(into, to, error ?? "");
      to = writeText(into, to, extras);
      for (const { i, type } of kept) to = writeColumn(into, to, batch.columns[i]!, type);
      if (scores !== null) to = writeBytes(into, into.writeUInt32LE(scores.byteLength, to), scores);
      into[at] = entryKinds.prediction;
      into.writeUInt32LE(to - at - entryHeaderBytes, at + 1);
      return to;
    },
  };
}

function writeColumn(into: Buffer, at: number, values: InputValues, type: string): number {
  if (type !== "string") return writeBytes(into, at, values as Float32Array);
  let to = at;
  for (const text of values as readonly string[]) to = writeText(into, to, text);
  return to;
}

function extrasText(extras: PredictionRecord["extras"]): string {
  for (const _ in extras) return JSON.stringify(extras);
  return "";
}

function spooled({ model, v, digest, task, classes, consent, columns }: ModelContract): SpooledContract {
  const isPrivate = ({ column }: ModelContract["columns"][number]): boolean => column.private === true;
  const kept = columns.filter((one) => !isPrivate(one));
  return { format: predictionFormat, model, v, digest, task, classes, consent: consent ?? null, columns: kept, withheld: columns.filter(isPrivate).map(({ name }) => name) };
}
