import { failureTypeOf, RelearnError } from "./failures.ts";

/** How Node and DuckDB begin when a file system takes no more; a row may hold the same words further on. */
const words = /^(ENOSPC|EFBIG|EDQUOT)\b|^(IO|FATAL) Error: [^\n]*(No space left on device|File too large|Disk quota exceeded)/i;

/** The same error, or `DiskFull` for one that says that a disk, a quota or the largest size of a file was reached. */
export function namingFullDisk(error: unknown): unknown {
  if (!(error instanceof Error) || failureTypeOf(error) !== null || !words.test(error.message)) return error;
  return new RelearnError("DiskFull", `no room is left on the worker's disk: ${error.message}; make room where its RELEARN_HOME lies`, { cause: error });
}
