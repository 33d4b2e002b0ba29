import { type BodyKind, bodyReaders, type BodyLimits, type By, type ReadOf } from "./body-readers.ts";
import { type BodyThread, bodyThread } from "./body-thread.ts";

/** Reads bodies: small ones at once, large ones in a thread of their own, for reading 16 MiB of JSON takes a quarter of a second in which nobody else would be answered. */
export interface Bodies {
  /** The body is not to be used afterwards. @throws RelearnError `InvalidInput`, and as `BodyThread.read`. */
  read<K extends BodyKind>(kind: K, body: Buffer, by: By<K>): ReadOf<K> | Promise<ReadOf<K>>;
  close(): Promise<void>;
}

/** Bytes that are read within a millisecond, which is less than handing them over and back would cost them on a busy machine. */
const smallBytes = 2 ** 16;

export function readBodies(limits: BodyLimits, thread: BodyThread = bodyThread()): Bodies {
  const { depth, elements, rows } = limits;
  const own: BodyLimits = { depth, elements, rows };
  return {
    read: (kind, body, by) => (body.length > smallBytes ? thread.read(kind, body, by, own) : readAtOnce(kind, body, by, own)),
    close: () => thread.close(),
  };
}

function readAtOnce<K extends BodyKind>(kind: K, body: Buffer, by: By<K>, limits: BodyLimits): ReadOf<K> {
  const reader = bodyReaders[kind] as unknown as (body: Buffer, by: By<K>, limits: BodyLimits) => ReadOf<K>;
  return reader(body, by, limits);
}
