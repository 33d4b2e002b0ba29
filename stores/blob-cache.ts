import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { BlobRef } from "../schemas/names.ts";
import { downloadBlob } from "./blobs.ts";
import type { ObjectStore } from "./object-store.ts";

/** A folder of blobs fetched before: a read-through cache whose files are never changed. */
export interface BlobCache {
  /**
   * The path of a file that holds the blob, fetched and verified when it is not there. Do not change the file; it may be
   * dropped once `maxBytes` of newer ones came, so open it soon or keep within the bound.
   */
  file(ref: BlobRef, signal?: AbortSignal): Promise<string>;
  /** Has a blob's file verified anew, and fetched where it does not hold, when it is asked for next: the disk may have changed it. */
  doubt(ref: BlobRef): void;
}

/** @param maxBytes what the folder may hold; the least recently used files go first, files used in the last minute stay. */
export function openBlobCache(store: ObjectStore, folder: string, maxBytes: number): BlobCache {
  const underWay = new Map<string, Promise<void>>();
  const verified = new Set<string>();
  let fetched = maxBytes;

  const fetchOnce = async (ref: BlobRef, path: string, signal?: AbortSignal): Promise<void> => {
    const others = underWay.get(path);
    const served = others !== undefined && (await others.then(() => true, () => false));
    signal?.throwIfAborted();
    if (served) return;
    const running = downloadBlob(store, ref, path, signal).finally(() => underWay.delete(path));
    underWay.set(path, running);
    await running;
    verified.add(path);
    fetched += ref.bytes;
  };

  return {
    async file(ref, signal) {
      const path = join(folder, ref.sha256);
      const held = await stat(path).catch(() => null);
      if (held?.size === ref.bytes && verified.has(path)) await utimes(path, new Date(), new Date()).catch(() => undefined);
      else await fetchOnce(ref, path, signal);
      if (fetched > maxBytes / 10) {
        fetched = 0;
        for (const gone of await trim(folder, maxBytes)) verified.delete(gone);
      }
      return path;
    },
    doubt: ({ sha256 }) => void verified.delete(join(folder, sha256)),
  };
}

/** Removes the least recently used files above the bound; returns their paths. */
async function trim(folder: string, maxBytes: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  const files = await Promise.all(names.map(async (name) => ({ path: join(folder, name), info: await stat(join(folder, name)).catch(() => null) })));
  const present = files.flatMap(({ path, info }) => (info === null ? [] : [{ path, bytes: info.size, used: Math.max(info.mtimeMs, info.atimeMs) }])).sort((a, b) => b.used - a.used);
  const gone: string[] = [];
  let kept = 0;
  for (const { path, bytes, used } of present) {
    kept += bytes;
    if (kept <= maxBytes || Date.now() - used < 60_000) continue;
    await rm(path, { force: true });
    gone.push(path);
  }
  return gone;
}
