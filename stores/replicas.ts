import { replica, type Replica } from "../schemas/replica.ts";
import { getDocument, putDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

/** How long the document of a server that has ended is kept, for those who ask what it served. */
const deadDocumentMs = 24 * 3_600_000;

const prefix = (model: string): string => `replicas/${model}/`;
export const replicaKey = (model: string, id: string): string => `${prefix(model)}${id}.json`;

/** Writes what a server serves now. */
export async function putReplica(store: ObjectStore, document: Replica, signal?: AbortSignal): Promise<void> {
  await putDocument(store, replicaKey(document.model, document.id), document, signal);
}

/** Says that a server has ended, so that nobody waits for it until its time is over. */
export async function removeReplica(store: ObjectStore, model: string, id: string, signal?: AbortSignal): Promise<void> {
  await store.remove(replicaKey(model, id), { signal });
}

/**
 * The servers of a model that are alive at `now` (an instant, or milliseconds since 1970), by id. A document that cannot be read is left out:
 * one broken server must not hold up all.
 */
export async function listReplicas(store: ObjectStore, model: string, now: string | number, signal?: AbortSignal): Promise<Replica[]> {
  const time = typeof now === "number" ? now : Date.parse(now);
  const found = await inParallel(await keysSince(store, model, time - deadDocumentMs, signal), 16, (key) => getDocument(store, key, replica, signal).catch(nullIfCorrupt));
  return found.filter((one) => one !== null).filter((one) => one.model === model && Date.parse(one.until) > time);
}

/** Removes the documents of servers that have been gone for a day. @returns how many */
export async function removeDeadReplicas(store: ObjectStore, model: string, now: number, signal?: AbortSignal): Promise<number> {
  const dead: string[] = [];
  for await (const { key, modifiedAt } of store.list(prefix(model), { signal })) if (Date.parse(modifiedAt) < now - deadDocumentMs) dead.push(key);
  await inParallel(dead, 4, (key) => store.remove(key, { signal }));
  return dead.length;
}

async function keysSince(store: ObjectStore, model: string, since: number, signal?: AbortSignal): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key, modifiedAt } of store.list(prefix(model), { signal })) if (Date.parse(modifiedAt) >= since) keys.push(key);
  return keys;
}

function nullIfCorrupt(error: unknown): null {
  if ((error as { type?: unknown }).type === "Corrupt") return null;
  throw error;
}
