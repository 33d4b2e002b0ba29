import { type FileHandle, open, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { RelearnError } from "../../schemas/failures.ts";
import { frameHeaderBytes, sealFrame, segmentMagic } from "../../stores/spool-frames.ts";
import { closeSegment, newSegment, syncFolder } from "./segment-files.ts";
import type { Group } from "./groups.ts";
import type { SpoolOptions } from "./spool-options.ts";

interface Segment {
  readonly path: string;
  readonly file: FileHandle;
  readonly since: number;
  readonly headers: Set<number>;
  bytes: number;
}

export interface SegmentWriter {
  /** Writes a group, trying again for as long as the disk refuses it. @returns the bytes it took. */
  write(group: Group): Promise<number>;
  /** Closes the segment where it is old, or the disk takes no more, or in `any` case. */
  roll(any: boolean): Promise<void>;
  /** Why the disk took nothing last; null while it does. */
  trouble(): string | null;
  /** From now on a disk that refuses is not asked for longer than an append would wait. */
  closing(): void;
}

const retryMs = 100;

/** Appends groups to the newest segment, one after another, and begins a new one where that is full or old. */
export function segmentWriter(options: SpoolOptions, header: (number: number) => Buffer): SegmentWriter {
  const { folder, durable, segmentBytes, segmentMs, waitMs } = options;
  let segment: Segment | null = null;
  let trouble: string | null = null;
  let closing = false;
  let turn: Promise<unknown> = Promise.resolve();

  const begin = async (): Promise<Segment> => {
    const path = newSegment(folder);
    const file = await open(path, "wx", 0o600);
    if (durable) await syncFolder(folder).catch(async (error: unknown) => {
      await file.close();
      await rm(path, { force: true });
      throw error;
    });
    return { path, file, since: performance.now(), headers: new Set(), bytes: 0 };
  };
  const attempt = async (group: Group): Promise<number> => {
    segment ??= await begin();
    const missing = [...group.headers].filter((number) => !segment!.headers.has(number));
    const parts = [...(segment.bytes === 0 ? [segmentMagic] : []), ...(missing.length === 0 ? [] : [frameOf(missing.map(header))]), sealFrame(group.bytes, group.used)];
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    await writeAt(segment.file, parts, segment.bytes);
    if (durable) await segment.file.datasync();
    segment.bytes += bytes;
    for (const number of missing) segment.headers.add(number);
    return bytes;
  };
  const write = async (group: Group): Promise<number> => {
    const deadline = performance.now() + waitMs;
    for (;;) {
      try {
        const bytes = await inTurn(() => attempt(group));
        trouble = null;
        // What is written is not written again because its segment could not be closed; that is closed by the next start then.
        if ((segment?.bytes ?? 0) >= segmentBytes) await inTurn(rollNow).catch(() => undefined);
        return bytes;
      } catch (error) {
        trouble = (error as NodeJS.ErrnoException).code ?? "unknown";
        const late = performance.now() >= deadline;
        const refusal = new RelearnError("Overloaded", `the prediction log cannot be written (${trouble}): make room where RELEARN_HOME lies`, { cause: error });
        if (late) group.done.reject(refusal);
        if (late && closing) throw refusal;
        // Between two tries the segment can be closed and shipped, which may be all that makes room.
        await sleep(retryMs);
      }
    }
  };
  const rollNow = async (): Promise<void> => {
    if (segment === null || segment.bytes === 0) return;
    const { path, file, bytes } = segment;
    segment = null;
    // A write that failed may have left a part of a frame behind the last whole one.
    await file.truncate(bytes).finally(() => file.close());
    await closeSegment(path);
    if (durable) await syncFolder(folder);
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  };
  return {
    write,
    roll: (any) => inTurn(async () => {
      if (segment !== null && (any || trouble !== null || performance.now() - segment.since >= segmentMs)) await rollNow();
    }),
    trouble: () => trouble,
    closing: () => void (closing = true),
  };
}

function frameOf(entries: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(frameHeaderBytes), ...entries]);
  return sealFrame(bytes, bytes.length);
}

/** A write that was cut short is begun again at the same place, so that it leaves nothing between two frames. */
async function writeAt(file: FileHandle, parts: readonly Buffer[], at: number): Promise<void> {
  const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}
