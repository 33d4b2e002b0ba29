import { randomUUID } from "node:crypto";
import { RelearnError, failureTypeOf } from "../schemas/failures.ts";
import type { ObjectStore, PutOptions } from "./object-store.ts";

/** How hard a bucket is raced: `quick` for every writer at start, `thorough` for `relearn doctor`. */
const efforts = { quick: { clients: 4, keys: 1 }, thorough: { clients: 8, keys: 3 } } as const;
const probed = new WeakMap<ObjectStore, Promise<void>>();

/**
 * Races the bucket before anything is trusted to it: several writers create one key, then replace one state of it.
 * Once per process and store. It leaves a few bytes under `probe/`. (SeaweedFS lets a writer that lost a lock wait for a second.)
 * @throws RelearnError `StoreRefused` when two writers won, for then two runs could both be told that theirs is the champion.
 */
export function probeStore(store: ObjectStore, effort: keyof typeof efforts = "thorough"): Promise<void> {
  const running = probed.get(store) ?? probe(store, effort);
  probed.set(store, running);
  running.catch(() => probed.delete(store));
  return running;
}

async function probe(store: ObjectStore, effort: keyof typeof efforts): Promise<void> {
  const { clients, keys } = efforts[effort];
  await Promise.all(Array.from({ length: keys }, () => probeKey(store, clients, `probe/${new Date().toISOString()}-${randomUUID().slice(0, 8)}`)));
}

async function probeKey(store: ObjectStore, clients: number, key: string): Promise<void> {
  await race(store, clients, key, { ifNoneMatch: "*" }, "create a key that must not exist (If-None-Match: *)");
  const etag = (await store.head(key))?.etag;
  if (etag === undefined) throw refusal(store, "does not show an object right after it was written");
  await race(store, clients, key, { ifMatch: etag }, "replace the same state of a key (If-Match)");
}

async function race(store: ObjectStore, clients: number, key: string, condition: PutOptions, what: string): Promise<void> {
  const bodies = Array.from({ length: clients }, (_, i) => new TextEncoder().encode(`${key} ${condition.ifMatch ?? "new"} ${i}`));
  const outcomes = await Promise.all(bodies.map((body) => putOnce(store, key, body, condition)));
  const winners = outcomes.filter((outcome) => outcome === "stored").length;
  if (winners > 1) throw refusal(store, `let ${winners} of ${clients} writers ${what} at once`);
  if (winners === 0 && !outcomes.includes("unknown")) throw refusal(store, `let none of ${clients} writers ${what}`);
  const winner = bodies[outcomes.indexOf("stored")];
  const found = await store.get(key);
  if (winner !== undefined && Buffer.compare(found?.body ?? new Uint8Array(), winner) !== 0) throw refusal(store, `told one writer that it had won, and kept another's bytes`);
}

async function putOnce(store: ObjectStore, key: string, body: Uint8Array, condition: PutOptions): Promise<"stored" | "exists" | "conflict" | "unknown"> {
  try {
    return (await store.put(key, body, { ...condition, once: true })).outcome;
  } catch (error) {
    if (failureTypeOf(error) === "StoreUnavailable") return "unknown";
    throw error;
  }
}

function refusal(store: ObjectStore, what: string): RelearnError {
  return new RelearnError("StoreRefused", `the object store of bucket ${store.bucket} ${what}; Relearn needs atomic conditional writes: use a store that has them (AWS S3, SeaweedFS, MinIO, Ceph)`);
}
