import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ObjectInfo, ObjectStore, PutOptions, PutOutcome, StoredObject } from "./object-store.ts";
import { writeWhole } from "./whole-file.ts";

export type StoreOperation = "get" | "head" | "put" | "list" | "remove";

/**
 * What goes wrong on the way to one client's bucket. Each hook may wait (a slow network) or throw:
 * before the operation it never arrived, after it the reply was lost.
 */
export interface StoreFaults {
  before?(operation: StoreOperation, key: string): Promise<void> | void;
  after?(operation: StoreOperation, key: string): Promise<void> | void;
  /** What a listing shows; a store with weak listings leaves the newest out. */
  listed?(objects: readonly ObjectInfo[]): readonly ObjectInfo[];
}

interface Held {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly modifiedAt: string;
}

/** Every state of every object gets an ETag of its own. */
let states = 0;

/** A bucket in this process's memory, for tests and simulation; `connect` gives each client its own faults. */
export interface MemoryBucket {
  connect(faults?: StoreFaults): ObjectStore;
  /** The objects themselves, past every fault: what a checker looks at, and where it flips bits. */
  readonly objects: Map<string, { body: Uint8Array; etag: string; modifiedAt: string }>;
}

export function createMemoryBucket(bucket = "memory", now: () => Date = () => new Date()): MemoryBucket {
  const objects = new Map<string, Held>();
  return { connect: (faults = {}) => connect(bucket, objects, faults, now), objects };
}

/** One client of a fresh bucket. */
export function memoryObjectStore(bucket = "memory"): ObjectStore {
  return createMemoryBucket(bucket).connect();
}

function connect(bucket: string, objects: Map<string, Held>, faults: StoreFaults, now: () => Date): ObjectStore {
  const call = async <T>(operation: StoreOperation, key: string, signal: AbortSignal | undefined, apply: () => T): Promise<T> => {
    signal?.throwIfAborted();
    await faults.before?.(operation, key);
    signal?.throwIfAborted();
    const result = apply();
    await faults.after?.(operation, key);
    signal?.throwIfAborted();
    return result;
  };
  const read = (key: string): StoredObject | null => {
    const held = objects.get(key);
    return held === undefined ? null : { body: held.body.slice(), etag: held.etag };
  };
  const write = (key: string, body: Uint8Array, options: PutOptions): PutOutcome => {
    const held = objects.get(key);
    if (options.ifNoneMatch === "*" && held !== undefined) return { outcome: "exists" };
    if (options.ifMatch !== undefined && held?.etag !== options.ifMatch) return { outcome: "exists" };
    const etag = `"${++states}"`;
    objects.set(key, { body: body.slice(), etag, modifiedAt: now().toISOString() });
    return { outcome: "stored", etag };
  };
  return {
    bucket,
    get: (key, options) => call("get", key, options?.signal, () => read(key)),
    getIfChanged: (key, etag, options) => call("get", key, options?.signal, () => {
      const found = read(key);
      return found?.etag === etag ? "unchanged" : found;
    }),
    head: (key, options) => call("head", key, options?.signal, () => describe(objects, key)),
    put: (key, body, options = {}) => call("put", key, options.signal, () => write(key, body, options)),
    remove: (key, options) => call("remove", key, options?.signal, () => void objects.delete(key)),
    async *list(prefix, options = {}) {
      const found = await call("list", prefix, options.signal, () => listKeys(objects, prefix, options.startAfter));
      for (const object of (faults.listed?.(found) ?? found).slice(0, options.limit)) {
        options.signal?.throwIfAborted();
        yield object;
      }
    },
    async download(key, path, options) {
      const found = await call("get", key, options?.signal, () => ({ object: read(key), info: describe(objects, key) }));
      if (found.object === null) return null;
      await writeWhole(path, Readable.from([found.object.body]), options?.signal);
      return found.info;
    },
    async upload(key, path, options = {}) {
      const body = await readFile(path, { signal: options.signal });
      return call("put", key, options.signal, () => write(key, body, options));
    },
  };
}

function describe(objects: Map<string, Held>, key: string): ObjectInfo | null {
  const held = objects.get(key);
  return held === undefined ? null : { key, bytes: held.body.byteLength, etag: held.etag, modifiedAt: held.modifiedAt };
}

function listKeys(objects: Map<string, Held>, prefix: string, startAfter: string | undefined): ObjectInfo[] {
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).map((key) => ({ key, bytes: Buffer.from(key) }));
  keys.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const after = startAfter === undefined ? keys : keys.filter(({ bytes }) => Buffer.compare(bytes, Buffer.from(startAfter)) > 0);
  return after.map(({ key }) => describe(objects, key) as ObjectInfo);
}
