import { replica, replicaLifeMs, type Replica } from "../schemas/replica.ts";
import { getDocument, putDocument } from "./documents.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

/** How long the document of a server that has ended is kept, for those who ask what it served. */
const deadDocumentMs = 24 * 3_600_000;
/** How far a server's word on how long it lives is taken beyond what the store's clock says. */
const clockSlackMs = 60_000;
/** A document takes some kilobytes; one that is larger than this is none of ours. */
const mostBytes = 2 ** 20;

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
 * The servers of a model that are alive at `now` (an instant, or milliseconds since 1970), by id. A server's clock may be wrong: one that wrote just now by
 * the store's clock lives, and one that has long not written does not, whatever it said. A document that cannot be read, or stands in another's place, is
 * left out: one broken server must not hold up all.
 */
export async function listReplicas(store: ObjectStore, model: string, now: string | number, signal?: AbortSignal): Promise<Replica[]> {
  const time = typeof now === "number" ? now : Date.parse(now);
  const fresh = await writtenSince(store, model, time - replicaLifeMs - clockSlackMs, signal);
  const found = await inParallel(fresh, 16, async ({ key, modifiedAt }) => {
    const document = await readOwn(store, model, key, signal);
    if (document === null || hasEnded(document)) return null;
    return Math.max(Date.parse(document.until), Date.parse(modifiedAt) + replicaLifeMs) > time ? document : null;
  });
  return found.filter((one) => one !== null);
}

/** All servers of a model that have a document, alive or not: what one has counted is evidence after its end, too. */
export async function listAllReplicas(store: ObjectStore, model: string, signal?: AbortSignal): Promise<Replica[]> {
  return readAll(store, model, (await writtenSince(store, model, -Infinity, signal)).map(({ key }) => key), signal);
}

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
  return (await inParallel(keys, 16, (key) => readOwn(store, model, key, signal))).filter((one) => one !== null);
}

/** Null for what cannot be read, and for what stands in another's place. */
async function readOwn(store: ObjectStore, model: string, key: string, signal?: AbortSignal): Promise<Replica | null> {
  const document = await getDocument(store, key, replica, signal).catch(nullIfCorrupt);
  return document !== null && document.model === model && replicaKey(model, document.id) === key ? document : null;
}

/** Said so itself: see `endReplica`. */
const hasEnded = ({ at, until }: Replica): boolean => Date.parse(until) <= Date.parse(at);

async function writtenSince(store: ObjectStore, model: string, since: number, signal?: AbortSignal): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const one of store.list(prefix(model), { signal })) if (Date.parse(one.modifiedAt) >= since && one.bytes <= mostBytes) found.push(one);
  return found;
}

function nullIfCorrupt(error: unknown): null {
  if ((error as { type?: unknown }).type === "Corrupt") return null;
  throw error;
}
