import { frameHeaderBytes } from "../../stores/spool-frames.ts";
import { type Deferred, deferred } from "./deferred.ts";

/** Records that are written together, as one frame. */
export interface Group {
  readonly bytes: Buffer;
  used: number;
  /** Entries that their segment must hold before them, by number. */
  readonly headers: Set<number>;
  readonly done: Deferred;
}

/** What an appender writes: into a group's bytes, from `at`; gives where it ends. */
export interface Writer<T> {
  bytes(record: T): number;
  write(record: T, into: Buffer, at: number): number;
  /** Number of the header entry that it needs; null for none. */
  readonly header: number | null;
}

/** Gathers records into groups, oldest first. */
export interface Groups {
  /** Adds a record that takes at most `bytes`. @returns the group it is in. */
  add<T>(record: T, writer: Writer<T>, bytes: number): Group;
  /** Completes the group that is being gathered, if it holds anything. */
  complete(): void;
  /** The oldest complete group, to be given back when it is written. */
  next(): Group | null;
  release(group: Group): void;
  /** Bytes of records that were not released. */
  readonly bytes: number;
}

const groupBytes = 2 ** 18;

export function gatherGroups(): Groups {
  const complete: Group[] = [];
  let spare: Buffer | null = null;
  let current = newGroup(Buffer.allocUnsafeSlow(groupBytes));
  let held = 0;

  const begin = (bytes: number): void => {
    const used = bytes > groupBytes ? null : spare;
    if (used !== null) spare = null;
    current = newGroup(used ?? Buffer.allocUnsafeSlow(Math.max(groupBytes, bytes)));
  };
  const end = (nextBytes: number): void => {
    if (current.used > frameHeaderBytes) complete.push(current);
    else if (nextBytes <= current.bytes.length) return;
    begin(nextBytes);
  };
  return {
    add(record, writer, bytes) {
      if (current.used + bytes > current.bytes.length) end(bytes + frameHeaderBytes);
      const from = current.used;
      current.used = writer.write(record, current.bytes, from);
      if (writer.header !== null) current.headers.add(writer.header);
      held += current.used - from;
      return current;
    },
    complete: () => end(0),
    next: () => complete.shift() ?? null,
    release(group) {
      held -= group.used - frameHeaderBytes;
      if (group.bytes.length === groupBytes) spare = group.bytes;
    },
    get bytes() {
      return held;
    },
  };
}

const newGroup = (bytes: Buffer): Group => ({ bytes, used: frameHeaderBytes, headers: new Set(), done: deferred() });
