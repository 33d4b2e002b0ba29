import { replica, type Replica } from "../schemas/replica.ts";
import { getDocument, putDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

const prefix = (model: string): string => `replicas/${model}/`;
export const replicaKey = (model: string, id: string): string => `${prefix(model)}${id}.json`;

/** Writes what a server serves now. */
export async function putReplica(store: ObjectStore, document: Replica, signal?: AbortSignal): Promise<void> {
  await putDocument(store, replicaKey(document.model, document.id), document, signal);
}

/**
 * The servers of a model that are alive at `now` (an instant, or milliseconds since 1970), by id. A document that cannot be read is left out:
 * one broken server must not hold up all.
 */
export async function listReplicas(store: ObjectStore, model: string, now: string | number, signal?: AbortSignal): Promise<Replica[]> {
  const time = typeof now === "number" ? now : Date.parse(now);
  const keys: string[] = [];
  for await (const { key } of store.list(prefix(model), { signal })) keys.push(key);
  const found = await inParallel(keys, 16, (key) => getDocument(store, key, replica, signal).catch(nullIfCorrupt));
  return found.filter((one) => one !== null).filter((one) => one.model === model && Date.parse(one.until) > time);
}

function nullIfCorrupt(error: unknown): null {
  if ((error as { type?: unknown }).type === "Corrupt") return null;
  throw error;
}
