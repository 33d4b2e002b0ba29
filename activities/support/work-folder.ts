import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type LazySandbox, lazySandbox } from "./lazy-sandbox.ts";

/** No ingest takes this long; an older folder was left by a worker that was killed. */
const staleMs = 2 * 86_400_000;

export interface WorkPlace {
  readonly folder: string;
  /** Over the folder. */
  readonly sandbox: LazySandbox;
}

/** Runs `work` in a fresh folder below `<scratch>/ingest`, which is gone afterwards; removes what killed workers left. */
export async function inWorkFolder<T>(scratch: string, options: { readonly timezone: string; readonly signal: AbortSignal }, work: (place: WorkPlace) => Promise<T>): Promise<T> {
  const root = join(scratch, "ingest");
  const folder = join(root, randomUUID());
  await mkdir(folder, { recursive: true });
  await removeStale(root);
  const sandbox = lazySandbox({ ...options, scratch: folder });
  try {
    return await work({ folder, sandbox });
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeStale(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const state = await stat(join(root, name)).catch(() => null);
    if (state !== null && Date.now() - state.mtimeMs > staleMs) await rm(join(root, name), { recursive: true, force: true });
  }
}
