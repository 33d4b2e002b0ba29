import { randomUUID } from "node:crypto";
import { constants, copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { BlobRef } from "../../schemas/names.ts";
import { type BlobCache, openBlobCache } from "../../stores/blob-cache.ts";
import { inParallel } from "../../stores/parallel.ts";
import type { Dependencies } from "../dependencies.ts";

type Places = Pick<Dependencies, "store" | "scratch">;

/** What the cache may hold; the least recently used files go first. */
const cacheBytes = 16 * 2 ** 30;
const caches = new WeakMap<object, BlobCache>();
const folderOf = ({ scratch }: Places): string => join(scratch, "blobs");

async function cacheOf(deps: Places): Promise<BlobCache> {
  const known = caches.get(deps.store);
  if (known !== undefined) return known;
  await mkdir(folderOf(deps), { recursive: true });
  const cache = openBlobCache(deps.store, folderOf(deps), cacheBytes);
  caches.set(deps.store, cache);
  return cache;
}

/** Local files that hold these blobs, in their order; verified when fetched, and not to be changed. */
export async function localBlobs(deps: Places, refs: readonly BlobRef[], signal?: AbortSignal): Promise<string[]> {
  const cache = await cacheOf(deps);
  return inParallel(refs, 32, (ref) => cache.file(ref, signal));
}

/** A copy of a blob at `path`, for whoever must not touch the cache's own file: a sandbox. */
export async function placeBlob(deps: Places, ref: BlobRef, path: string, signal?: AbortSignal): Promise<void> {
  const [cached] = await localBlobs(deps, [ref], signal);
  await copyFile(cached as string, path, constants.COPYFILE_FICLONE);
}

/** Keeps a file that was just stored as `ref`, so that the next step need not fetch it. */
export async function keepBlob(deps: Places, ref: BlobRef, path: string): Promise<void> {
  await cacheOf(deps);
  const kept = join(folderOf(deps), ref.sha256);
  const part = `${kept}.${randomUUID().slice(0, 8)}.part`;
  await copyFile(path, part, constants.COPYFILE_FICLONE);
  await rename(part, kept);
}
