import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { BlobRef } from "../../schemas/names.ts";
import { downloadBlob } from "../../stores/blobs.ts";
import { inParallel } from "../../stores/parallel.ts";
import type { Dependencies } from "../dependencies.ts";

/** What may lie in the cache before the oldest files go. */
const cacheBytes = 8 * 2 ** 30;

/** A file that some step may still read is left alone this long. */
const keepMs = 6 * 3_600_000;

/** Local files that hold these blobs, verified, in their order: fetched once, kept in the scratch folder. */
export async function localBlobs({ store, scratch }: Pick<Dependencies, "store" | "scratch">, refs: readonly BlobRef[], signal?: AbortSignal): Promise<string[]> {
  const folder = join(scratch, "blobs");
  await mkdir(folder, { recursive: true });
  return inParallel(refs, 16, async (ref) => {
    const path = join(folder, `${ref.sha256}.parquet`);
    await downloadBlob(store, ref, path, signal);
    const now = new Date();
    await utimes(path, now, now);
    return path;
  });
}

/** Removes the files read longest ago while there are more than the cache may hold. */
export async function pruneLocalBlobs(scratch: string): Promise<void> {
  const folder = join(scratch, "blobs");
  const names = await readdir(folder).catch(() => []);
  const files = (await inParallel(names, 16, async (name) => ({ path: join(folder, name), found: await stat(join(folder, name)).catch(() => null) }))).filter(({ found }) => found !== null);
  files.sort((a, b) => (a.found?.mtimeMs ?? 0) - (b.found?.mtimeMs ?? 0));
  let bytes = files.reduce((sum, { found }) => sum + (found?.size ?? 0), 0);
  for (const { path, found } of files) {
    if (bytes <= cacheBytes || (found?.mtimeMs ?? 0) > Date.now() - keepMs) return;
    await rm(path, { force: true });
    bytes -= found?.size ?? 0;
  }
}
