import type { Groups } from "./groups.ts";
import type { SegmentWriter } from "./segment-writer.ts";

export interface GroupWriting {
  /** Sees to it that what was gathered is written soon: after `groupMs`, or, where somebody waits, as soon as the disk is free. */
  soon(): void;
  /** Resolves when all that was gathered before is written; what comes in meanwhile is not waited for. */
  now(): Promise<void>;
}

/**
 * Writes groups one after another. @param wrote told after each how many bytes it took on the disk.
 * Where nobody waits for the disk, what comes in while it is busy is gathered until the next time.
 */
export function writeGroups(groups: Groups, writer: SegmentWriter, { durable, groupMs }: { readonly durable: boolean; readonly groupMs: number }, wrote: (bytes: number) => void): GroupWriting {
  let scheduled = false;
  let writing: Promise<void> | null = null;

  const drain = async (): Promise<void> => {
    groups.complete();
    for (let group = groups.next(); group !== null; group = groups.next()) {
      const bytes = await writer.write(group);
      groups.release(group);
      group.done.resolve();
      wrote(bytes);
      if (durable) groups.complete();
    }
  };
  const flush = (): void => {
    scheduled = false;
    if (writing !== null) return;
    writing = drain().finally(() => (writing = null));
    writing.catch(() => undefined);
  };
  return {
    soon() {
      if (scheduled) return;
      scheduled = true;
      if (durable) setImmediate(flush);
      else setTimeout(flush, groupMs);
    },
    async now() {
      await writing;
      flush();
      await writing;
    },
  };
}
