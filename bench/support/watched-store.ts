import { readFile } from "node:fs/promises";
import type { ObjectStore } from "../../stores/object-store.ts";

export interface Written {
  readonly key: string;
  /** Read again when asked for, so that watching costs nothing. */
  body(): Promise<Uint8Array>;
  readonly createOnly: boolean;
}

/** A store that counts what is read through it and keeps what is written. */
export interface WatchedStore {
  readonly store: ObjectStore;
  reads(): number;
  readonly written: Written[];
}

export function watchedStore(inner: ObjectStore): WatchedStore {
  const written: Written[] = [];
  let reads = 0;
  const counted = <A extends unknown[], T>(call: (...args: A) => T) => (...args: A): T => {
    reads++;
    return call(...args);
  };
  const store: ObjectStore = {
    ...inner,
    get: counted(inner.get), getIfChanged: counted(inner.getIfChanged), head: counted(inner.head), list: counted(inner.list), download: counted(inner.download),
    put: (key, body, options) => {
      written.push({ key, body: async () => body, createOnly: options?.ifNoneMatch === "*" });
      return inner.put(key, body, options);
    },
    upload: (key, path, options) => {
      written.push({ key, body: () => readFile(path), createOnly: options?.ifNoneMatch === "*" });
      return inner.upload(key, path, options);
    },
  };
  return { store, reads: () => reads, written };
}
