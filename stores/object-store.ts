/** An object as it was read: its bytes, and the ETag that names this state of it. */
export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  /** UTC instant. */
  readonly modifiedAt: string;
}

export interface PutOptions {
  /** `"*"`: create only; the put is refused when the key exists. */
  readonly ifNoneMatch?: "*";
  /** Replace only the object with this ETag. */
  readonly ifMatch?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Try once and report what happened: for the one write whose reply must never be guessed (the commit log). */
  readonly once?: boolean;
}

/**
 * What a conditional put came to. `exists`: the condition was false (412). `conflict`: another writer was under way (409).
 * Everything that leaves the outcome unknown (timeout, reset, 5xx) is thrown as `StoreUnavailable`.
 */
export type PutOutcome = { readonly outcome: "stored"; readonly etag: string } | { readonly outcome: "exists" | "conflict" };

/**
 * One bucket. Drivers: S3 and memory, both judged by `test/contracts/object-store.ts`.
 * Keys are UTF-8 strings without leading slash. Every call ends within a bounded time.
 * @throws RelearnError `StoreUnavailable` (try again) or `StoreRefused` (credentials, missing bucket).
 */
export interface ObjectStore {
  /** Bucket name, for messages and `s3://` URIs. */
  readonly bucket: string;
  /** Null when there is no such key. */
  get(key: string, options?: { signal?: AbortSignal }): Promise<StoredObject | null>;
  /** `"unchanged"` when the object still has this ETag. */
  getIfChanged(key: string, etag: string, options?: { signal?: AbortSignal }): Promise<StoredObject | null | "unchanged">;
  head(key: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo | null>;
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<PutOutcome>;
  /**
   * Every key once, after `startAfter`, at most `limit` of them, in UTF-8 order within a folder. Folders whose names begin alike may come in another
   * order than their keys would: SeaweedFS gives `a/1` before `a-b/1`, AWS after it.
   */
  list(prefix: string, options?: { startAfter?: string; limit?: number; signal?: AbortSignal }): AsyncIterable<ObjectInfo>;
  /** Streams an object into a local file, whole or not at all. Null when there is no such key. */
  download(key: string, path: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo | null>;
  /** Streams a local file into an object (multipart where large). */
  upload(key: string, path: string, options?: PutOptions): Promise<PutOutcome>;
  /** Removes an object; a key that does not exist is as good as removed. Only for what nothing refers to: nobody waits for it, and nothing is cleaned up after an error. */
  remove(key: string, options?: { signal?: AbortSignal }): Promise<void>;
}
