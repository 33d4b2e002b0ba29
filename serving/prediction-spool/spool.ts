import { RelearnError } from "../../schemas/failures.ts";
import { deferred } from "./deferred.ts";
import { gatherGroups, type Writer } from "./groups.ts";
import { listSpool } from "./segment-files.ts";
import { segmentWriter } from "./segment-writer.ts";
import { writeGroups } from "./write-groups.ts";
import type { SpoolOptions } from "./spool-options.ts";

export const usualSpool = { durable: false, maxBytes: 2 ** 30, bufferBytes: 2 ** 24, segmentBytes: 2 ** 24, segmentMs: 30_000, groupMs: 5, waitMs: 2_000 } as const;

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

/**
 * Keeps records on the local disk until they are in the bucket. They are gathered for a few milliseconds and written as one frame with a checksum.
 * A disk that is full, or a bucket that stays away, makes appends wait and then be refused; nothing that was taken is dropped.
 * @param header makes the entry of a header's number.
 */
export async function openSpool(options: SpoolOptions, header: (number: number) => Buffer): Promise<Spool> {
  const { folder, durable, maxBytes, bufferBytes, waitMs } = options;
  const groups = gatherGroups();
  const segments = segmentWriter(options, header);
  let onDisk = (await listSpool(folder)).bytes;
  let room = deferred();
  const makeRoom = (): void => {
    const before = room;
    room = deferred();
    before.resolve();
  };
  const writing = writeGroups(groups, segments, options, (bytes) => {
    onDisk += bytes;
    makeRoom();
  });

  /** A record that is larger than the whole buffer is taken where half of that is free: waiting would not make it smaller. */
  const hasRoom = (bytes: number): boolean => onDisk + groups.bytes + bytes <= maxBytes && groups.bytes + Math.min(bytes, bufferBytes / 2) <= bufferBytes;
  const put = <T>(record: T, writer: Writer<T>, bytes: number): Promise<void> | undefined => {
    const { done } = groups.add(record, writer, bytes);
    writing.soon();
    return durable ? done.promise : undefined;
  };
  const putLater = async <T>(record: T, writer: Writer<T>): Promise<void> => {
    const deadline = performance.now() + waitMs;
    for (;;) {
      await Promise.race([room.promise, pause(deadline - performance.now())]);
      const bytes = writer.bytes(record);
      if (hasRoom(bytes)) return put(record, writer, bytes);
      if (performance.now() >= deadline) throw tooMuch(onDisk + groups.bytes, maxBytes, segments.trouble());
    }
  };
  return {
    append(record, writer) {
      const bytes = writer.bytes(record);
      return hasRoom(bytes) ? put(record, writer, bytes) : putLater(record, writer);
    },
    async roll(any) {
      if (any) await Promise.race([writing.now(), pause(waitMs)]);
      await segments.roll(any);
    },
    async closed() {
      const found = await listSpool(folder);
      onDisk = found.bytes;
      makeRoom();
      return found.closed;
    },
    get pending() {
      return onDisk + groups.bytes;
    },
    async close() {
      segments.closing();
      await writing.now();
      await segments.roll(true);
    },
  };
}

function tooMuch(pending: number, most: number, trouble: string | null): RelearnError {
  const disk = trouble === null ? "" : `, and its disk fails (${trouble})`;
  return new RelearnError("Overloaded", `the prediction log takes no more: ${pending} of ${most} bytes wait on this machine for the object store${disk}; try again later`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)).unref());
