import { readFileSync, statSync } from "node:fs";
import { RelearnError } from "../schemas/failures.ts";

/** How often a file is looked at for a change. */
const lookEveryMs = 250;

interface Watching<T> {
  /** What holds while the file is gone, or cannot be read. */
  readonly unreadable: T;
  /** Told why a file that was changed could not be read. */
  readonly report: (reason: string) => void;
}

/**
 * What a file of people who are let in says, read again when it changes.
 * @param read makes the value of the file's text; it may throw.
 * @throws RelearnError `InvalidInput`, or what `read` throws, when it cannot be read at first.
 */
export function watchedFile<T>(path: string, read: (text: string, path: string) => T, { unreadable, report }: Watching<T>): () => T {
  let [held, stamp, looked] = [read(textOf(path), path), stampOf(path), performance.now()];
  const look = (): void => {
    looked = performance.now();
    const now = stampOf(path);
    if (now === stamp) return;
    stamp = now;
    try {
      held = read(textOf(path), path);
    } catch (error) {
      held = unreadable;
      report((error as Error).message);
    }
  };
  return () => {
    if (performance.now() - looked > lookEveryMs) look();
    return held;
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new RelearnError("InvalidInput", `the tokens file ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}
