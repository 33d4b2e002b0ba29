import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readJson } from "../schemas/boundary.ts";
import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import { type PredictionKey, predictionKey } from "../schemas/prediction-key.ts";
import { createDocument, getDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

export const predictionKeyObject = "keys/prediction-ids.json";
export const predictionKeyFile = (home: string): string => join(home, "serving", "prediction-ids.json");

/** How long a start waits for the bucket where this host has the key already. */
const patienceMs = 2_000;

/**
 * The key of prediction ids: one a bucket, made by whoever comes first, and kept on disk so that a host that has served before starts without S3.
 * @throws RelearnError `StoreUnavailable` where this host never had it and the bucket does not answer.
 */
export async function openPredictionKey(store: ObjectStore, home: string): Promise<Uint8Array> {
  const path = predictionKeyFile(home);
  const kept = await readKept(path, store.bucket);
  const shared = await readShared(store, kept).catch((error: unknown) => {
    if (kept === null) throw error;
    return kept;
  });
  if (shared.key !== kept?.key) await keep(path, shared);
  return Buffer.from(shared.key, "base64");
}

async function readShared(store: ObjectStore, kept: PredictionKey | null): Promise<PredictionKey> {
  const signal = kept === null ? undefined : AbortSignal.timeout(patienceMs);
  const found = await getDocument(store, predictionKeyObject, predictionKey, signal);
  if (found !== null) return found;
  const made = kept ?? { version: 1, bucket: store.bucket, key: randomBytes(32).toString("base64") };
  if (await createDocument(store, predictionKeyObject, made, signal)) return made;
  const others = await getDocument(store, predictionKeyObject, predictionKey, signal);
  if (others === null) throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${predictionKeyObject} was said to exist, and does not; try again`);
  return others;
}

/** A file that cannot be read as a key counts as none. */
async function readKept(path: string, bucket: string): Promise<PredictionKey | null> {
  try {
    const found = readJson(predictionKey, await readFile(path, "utf8"), path);
    return found.bucket === bucket ? found : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || failureTypeOf(error) !== null) return null;
    throw error;
  }
}

async function keep(path: string, key: PredictionKey): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
