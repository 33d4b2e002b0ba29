import { RelearnError } from "../../schemas/failures.ts";
import { frameHeaderBytes } from "../../stores/spool-frames.ts";
import { listSpool } from "./segment-files.ts";
import { segmentWriter } from "./segment-writer.ts";

export interface SpoolOptions {
  readonly folder: string;
  /** Resolve an append only once it is on the disk. */
  readonly durable: boolean;
  /** Most bytes on the disk, and most in memory while the disk takes none. */
  readonly maxBytes: number;
  readonly bufferBytes: number;
  /** A segment is closed at this size or age, and goes to the bucket then. */
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** How long records are gathered before they are written together. */
  readonly groupMs: number;
  /** How long an append waits for room before it is refused. */
  readonly waitMs: number;
}

export const usualSpool = { durable: false, maxBytes: 2 ** 30, bufferBytes: 2 ** 24, segmentBytes: 2 ** 24, segmentMs: 30_000, groupMs: 5, waitMs: 2_000 } as const;

/** Records that are written together, as one frame. `headers`: entries that their segment must hold before them, by number. */
export interface Group {
  bytes: Buffer;
  used: number;
  readonly headers: Set<number>;
  readonly done: PromiseWithResolvers;
}

interface PromiseWithResolvers { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void }

/** What an appender writes: into a group's bytes, from `at`; gives where it ends. */
export interface Writer<T> {
  bytes(record: T): number;
  write(record: T, into: Buffer, at: number): number;
  /** Number of the header entry that it needs; null for none. */
  readonly header: number | null;
}

export interface Spool {
  append<T>(record: T, writer: Writer<T>): Promise<void> | undefined;
  /** Closes the segment where it is due; with `any`, whatever was taken until now. */
  roll(any: boolean): Promise<void>;
  /** Complete segments, oldest first; looks what lies there anew, which makes room for those who wait. */
  closed(): Promise<readonly string[]>;
  /** Bytes on the disk and in memory. */
  readonly pending: number;
  /** Writes what is left and closes the segment. @throws RelearnError `Overloaded` when the disk does not take it. */
  close(): Promise<void>;
}

const groupBytes = 2 ** 18;

/**
 * Keeps records on the local disk until they are in the bucket. They are gathered for a few milliseconds and written as one frame with a checksum.
 * A disk that is full, or a bucket that stays away, makes appends wait and then be refused; nothing that was taken is dropped.
 * @param header makes the entry of a header's number.
 */
export async function openSpool(options: SpoolOptions, header: (number: number) => Buffer): Promise<Spool> {
  const { folder, durable, maxBytes, bufferBytes, groupMs, waitMs } = options;
  const writer = segmentWriter(options, header);
  let onDisk = (await listSpool(folder)).bytes;
  let inMemory = 0;
  let spare: Buffer | null = null;
  let current = newGroup(Buffer.allocUnsafeSlow(groupBytes));
  const waiting: Group[] = [];
  let scheduled = false;
  let writing: Promise<void> | null = null;
  let room = withResolvers();

  const hasRoom = (bytes: number): boolean => onDisk + inMemory + bytes <= maxBytes && inMemory + bytes <= bufferBytes;
  const flush = (): void => {
    scheduled = false;
    if (writing !== null) return;
    // Nobody waits for it but `close` and the groups' own promises.
    writing = drain().finally(() => (writing = null));
    writing.catch(() => undefined);
  };
  const drain = async (): Promise<void> => {
    const newest = take();
    if (newest !== null) waiting.push(newest);
    // Where nobody waits for the disk, what comes in meanwhile is gathered until the next time.
    for (let group = waiting.shift() ?? null; group !== null; group = waiting.shift() ?? (durable ? take() : null)) {
      const bytes = group.used;
      onDisk += await writer.write(group);
      inMemory -= bytes - frameHeaderBytes;
      group.done.resolve();
      if (group.bytes.length === groupBytes) spare = group.bytes;
      makeRoom();
    }
  };
  /** All that was taken before it was called; traffic that goes on is not waited for. */
  const written = async (): Promise<void> => {
    await writing;
    flush();
    await writing;
  };
  const take = (): Group | null => {
    if (current.used === frameHeaderBytes) return null;
    const group = current;
    current = next(groupBytes);
    return group;
  };
  const next = (bytes: number): Group => {
    const used = bytes === groupBytes ? spare : null;
    if (used !== null) spare = null;
    return newGroup(used ?? Buffer.allocUnsafeSlow(bytes));
  };
  const makeRoom = (): void => {
    const before = room;
    room = withResolvers();
    before.resolve();
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    if (durable) setImmediate(flush);
    else setTimeout(flush, groupMs);
  };
  const put = <T>(record: T, one: Writer<T>, bytes: number): Promise<void> | undefined => {
    if (current.used + bytes > current.bytes.length) {
      if (current.used > frameHeaderBytes) waiting.push(current);
      current = next(Math.max(groupBytes, bytes + frameHeaderBytes));
    }
    const from = current.used;
    current.used = one.write(record, current.bytes, from);
    if (one.header !== null) current.headers.add(one.header);
    inMemory += current.used - from;
    if (!scheduled) schedule();
    return durable ? current.done.promise : undefined;
  };
  const putLater = async <T>(record: T, one: Writer<T>): Promise<void> => {
    const deadline = performance.now() + waitMs;
    for (;;) {
      await Promise.race([room.promise, pause(deadline - performance.now())]);
      const bytes = one.bytes(record);
      if (hasRoom(bytes)) return put(record, one, bytes);
      if (performance.now() >= deadline) throw new RelearnError("Overloaded", `the prediction log takes no more: ${onDisk + inMemory} of ${maxBytes} bytes wait on this machine for the object store${writer.trouble() === null ? "" : `, and its disk fails (${writer.trouble()})`}; try again later`);
    }
  };
  return {
    append(record, one) {
      const bytes = one.bytes(record);
      return hasRoom(bytes) ? put(record, one, bytes) : putLater(record, one);
    },
    async roll(any) {
      if (any) await Promise.race([written(), pause(waitMs)]);
      await writer.roll(any);
    },
    async closed() {
      const found = await listSpool(folder);
      onDisk = found.bytes;
      makeRoom();
      return found.closed;
    },
    get pending() {
      return onDisk + inMemory;
    },
    async close() {
      writer.closing();
      await written();
      await writer.roll(true);
    },
  };
}

function newGroup(bytes: Buffer): Group {
  return { bytes, used: frameHeaderBytes, headers: new Set(), done: withResolvers() };
}

function withResolvers(): PromiseWithResolvers {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)).unref());
}
