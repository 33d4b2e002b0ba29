import { readFile, stat } from "node:fs/promises";
import type { BlobRef } from "../../schemas/names.ts";
import { putBlob, putBlobFile } from "../../stores/blobs.ts";
import type { Dependencies } from "../dependencies.ts";
import { keepBlob } from "./local-blobs.ts";

const width = 32;
const smallBytes = 8 * 2 ** 20;

/** Stores files while their maker works on: at most 32 under way, and `add` waits when there are more. */
export interface Uploads {
  /** Returns once the upload is under way; `stored` gives the blob. A failure also ends the next `add`. */
  add(path: string): Promise<{ readonly stored: Promise<BlobRef> }>;
  /** Waits for all that is under way, also after a failure. */
  drained(): Promise<void>;
}

export function uploads(deps: Pick<Dependencies, "scratch" | "store">, signal?: AbortSignal): Uploads {
  const under = new Set<Promise<BlobRef>>();
  let failure: unknown;
  const store = async (path: string) => {
    const ref = (await stat(path)).size > smallBytes ? await putBlobFile(deps.store, path, signal) : await putBlob(deps.store, await readFile(path), signal);
    await keepBlob(deps, ref, path);
    return ref;
  };
  return {
    add: async (path) => {
      while (under.size >= width) await Promise.race(under);
      if (failure !== undefined) throw failure;
      const stored: Promise<BlobRef> = store(path).finally(() => under.delete(stored));
      stored.catch((error: unknown) => (failure ??= error));
      under.add(stored);
      return { stored };
    },
    drained: async () => {
      await Promise.allSettled(under);
    },
  };
}
