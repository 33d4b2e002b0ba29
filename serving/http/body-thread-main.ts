import { parentPort } from "node:worker_threads";
import { failureTypeOf } from "../../schemas/failures.ts";
import type { FromThread, ToThread } from "./body-thread.ts";
import { type BodyKind, bodyReaders, type BodyLimits } from "./body-readers.ts";

const port = parentPort!;
port.on("message", ({ id, kind, body, by, limits }: ToThread) => {
  try {
    const value = (bodyReaders[kind] as Reader)(Buffer.from(body.buffer, body.byteOffset, body.byteLength), by, limits);
    port.postMessage({ id, value } satisfies FromThread, columnsOf(value));
  } catch (error) {
    port.postMessage({ id, error: { type: failureTypeOf(error), message: (error as Error).message } } satisfies FromThread);
  }
});

type Reader = (body: Buffer, by: unknown, limits: BodyLimits) => ReturnType<(typeof bodyReaders)[BodyKind]>;

/** Memory of the numbers that were read, which goes over without a copy. */
function columnsOf(value: ReturnType<Reader>): ArrayBuffer[] {
  const columns = "batch" in value ? value.batch.columns : [];
  return columns.flatMap((values) => (ArrayBuffer.isView(values) ? [values.buffer as ArrayBuffer] : []));
}
