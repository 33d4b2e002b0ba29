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

/** Says that a server has ended, so that nobody waits for it until its time is over. What it has counted stays. */
export async function endReplica(store: ObjectStore, document: Replica, signal?: AbortSignal): Promise<void> {
  await putReplica(store, { ...document, until: document.at }, signal);
}

/** What a server last said, whether it is alive or not; null where it never did, or where that cannot be read. */
export async function readReplica(store: ObjectStore, model: string, id: string, signal?: AbortSignal): Promise<Replica | null> {
  return getDocument(store, replicaKey(model, id), replica, signal).catch(nullIfCorrupt);
}

/**
 * The servers of a model that are alive at `now` (an instant, or milliseconds since 1970), by id. A document that cannot be read is left out:
 * one broken server must not hold up all.
 */
export async function listReplicas(store: ObjectStore, model: string, now: string | number, signal?: AbortSignal): Promise<Replica[]> {
  const time = typeof now === "number" ? now : Date.parse(now);
  return (await readAll(store, model, await keysSince(store, model, time - deadDocumentMs, signal), signal)).filter((one) => isAlive(one, time));
}

/** All servers of a model that have a document, alive or not: what one has counted is evidence after its end, too. */
export async function listAllReplicas(store: ObjectStore, model: string, signal?: AbortSignal): Promise<Replica[]> {
  return readAll(store, model, await keysSince(store, model, -Infinity, signal), signal);
}

/** @param now milliseconds since 1970 */
export const isAlive = ({ until }: Replica, now: number): boolean => Date.parse(until) > now;

/** Removes the documents of servers that have been gone for a day, but for those that have counted something of the running rollout. @returns how many */
export async function removeDeadReplicas(store: ObjectStore, model: string, now: number, rollout: string | null, signal?: AbortSignal): Promise<number> {
  const dead: string[] = [];
  for await (const { key, modifiedAt } of store.list(prefix(model), { signal })) if (Date.parse(modifiedAt) < now - deadDocumentMs) dead.push(key);
  const told = rollout === null ? [] : await readAll(store, model, dead, signal);
  const needed = new Set(told.filter(({ counts, labels }) => [...counts, ...labels].some((one) => one.rollout === rollout)).map(({ id }) => replicaKey(model, id)));
  const removed = dead.filter((key) => !needed.has(key));
  await inParallel(removed, 4, (key) => store.remove(key, { signal }));
  return removed.length;
}

async function readAll(store: ObjectStore, model: string, keys: readonly string[], signal?: AbortSignal): Promise<Replica[]> {
  const found = await inParallel(keys, 16, (key) => getDocument(store, key, replica, signal).catch(nullIfCorrupt));
  return found.filter((one) => one !== null).filter((one) => one.model === model);
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
