import { copyFile, link, mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobRef } from "../../schemas/names.ts";
import { downloadBlob } from "../../stores/blobs.ts";
import type { Dependencies } from "../dependencies.ts";

type Here = Pick<Dependencies, "scratch" | "store">;

/** Bytes of blobs kept on this machine; the longest unused go first. */
const keptBytes = 20 * 2 ** 30;

const cachePath = (scratch: string, ref: BlobRef) => join(scratch, "blobs", ref.sha256.slice(0, 2), ref.sha256);

/** Puts a verified blob at `path`, from this machine's cache where it is there. Never write to the file: it shares the cache's bytes. */
export async function placeBlob(deps: Here, ref: BlobRef, path: string, signal?: AbortSignal): Promise<void> {
  const cached = cachePath(deps.scratch, ref);
  await mkdir(dirname(cached), { recursive: true });
  await downloadBlob(deps.store, ref, cached, signal);
  await utimes(cached, new Date(), new Date());
  await share(cached, path);
}

/** Keeps a local file, which must be this blob, for `placeBlob`. */
export async function keepBlob(scratch: string, ref: BlobRef, path: string): Promise<void> {
  const cached = cachePath(scratch, ref);
  await mkdir(dirname(cached), { recursive: true });
  await share(path, cached);
}

async function share(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") await copyFile(from, to);
  });
}

/** Removes the longest unused blobs above the limit. */
export async function pruneBlobs(scratch: string, limit = keptBytes): Promise<void> {
  const root = join(scratch, "blobs");
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const files = await Promise.all(names.map(async (name) => ({ path: join(root, name), state: await stat(join(root, name)).catch(() => null) })));
  let total = 0;
  for (const { path, state } of files.filter((file) => file.state?.isFile()).sort((a, b) => b.state!.mtimeMs - a.state!.mtimeMs)) {
    total += state!.size;
    if (total > limit) await rm(path, { force: true });
  }
}
