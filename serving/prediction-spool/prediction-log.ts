import type { ModelContract } from "../../inference/contract.ts";
import { entryHeaderBytes, entryKinds } from "../../stores/spool-frames.ts";
import type { PredictionLog, PredictionRecord } from "../prediction-log.ts";
import { predictionEncoder } from "./encode-prediction.ts";
import type { Writer } from "./groups.ts";
import { openSpool, type Spool } from "./spool.ts";
import type { SpoolOptions } from "./spool-options.ts";

export interface SpooledPredictions extends PredictionLog {
  readonly spool: Spool;
}

/** The prediction log of one model on this machine's disk. */
export async function openPredictionSpool(options: SpoolOptions): Promise<SpooledPredictions> {
  const headers: Buffer[] = [];
  const writers = new WeakMap<ModelContract, Writer<PredictionRecord>>();
  /** A version that was loaded again has a contract of its own that says the same. */
  const same = new Map<string, Writer<PredictionRecord>>();
  const spool = await openSpool(options, (number) => headers[number]!);
  const writerOf = (contract: ModelContract): Writer<PredictionRecord> => {
    const index = headers.length;
    const encoder = predictionEncoder(contract, index);
    const text = JSON.stringify(encoder.contract);
    const known = same.get(text);
    const writer = known ?? { bytes: encoder.bytes, write: encoder.write, header: index };
    if (known === undefined) headers.push(headerEntry(index, encoder.contract));
    same.set(text, writer);
    writers.set(contract, writer);
    return writer;
  };
  return { spool, append: (record) => spool.append(record, writers.get(record.contract) ?? writerOf(record.contract)) };
}

/** A contract and the number by which records name it. */
function headerEntry(index: number, contract: unknown): Buffer {
  const body = Buffer.from(JSON.stringify({ index, contract }));
  const entry = Buffer.alloc(entryHeaderBytes + body.length);
  entry[0] = entryKinds.contract;
  entry.writeUInt32LE(body.length, 1);
  body.copy(entry, entryHeaderBytes);
  return entry;
}
