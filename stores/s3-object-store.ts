import { readFile, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { ObjectInfo, ObjectStore, PutOptions, PutOutcome, StoredObject } from "./object-store.ts";
import { readReply, replyChunks } from "./s3-body.ts";
import { isMissingBucket, isWorthRetrying, statusOf, storeFailure } from "./s3-failures.ts";
import { partBytes, uploadInParts } from "./s3-multipart.ts";
import { objectRequests } from "./s3-requests.ts";
import { writeWhole } from "./whole-file.ts";

export interface S3Options {
  readonly bucket: string;
  /** Null or absent: AWS itself. */
  readonly endpoint?: string | null;
  readonly region: string;
  /** Absent: the AWS SDK's own chain (environment, profile, instance role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** An answer that has not begun, or a body that has not moved, for this long counts as lost. Default 20,000. */
  readonly timeoutMs?: number;
  /** How often one request is tried; default 4. */
  readonly attempts?: number;
}

export interface S3Connection extends ObjectStore {
  close(): void;
}

interface Limits {
  readonly timeoutMs: number;
  readonly attempts: number;
}

/**
 * A bucket behind the S3 protocol. The SDK's own retries are off: it repeats a conditional put whose reply was lost and
 * reports its own write as somebody else's. What is repeated here is repeated knowing that.
 */
export function connectS3(options: S3Options): S3Connection {
  // The SDK's notice about the next Node versions would go to every command's stderr.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const timeoutMs = options.timeoutMs ?? 20_000;
  const agent = { keepAlive: true, maxSockets: 64 };
  const client = new S3Client({
    region: options.region,
    maxAttempts: 1,
    ...(options.endpoint == null ? {} : { endpoint: options.endpoint, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" }),
    // A copy, because the SDK writes into it and settings are frozen.
    ...(options.credentials === undefined ? {} : { credentials: { ...options.credentials } }),
    requestHandler: { connectionTimeout: Math.min(5_000, timeoutMs), requestTimeout: timeoutMs, throwOnRequestTimeout: true, httpAgent: agent, httpsAgent: agent },
  });
  return { ...s3ObjectStore(client, options.bucket, { timeoutMs, attempts: options.attempts ?? 4 }), close: () => client.destroy() };
}

/** @param client must have `maxAttempts: 1`; every retry is made here. */
export function s3ObjectStore(client: S3Client, bucket: string, limits: Limits): ObjectStore {
  const send = objectRequests(client, bucket);
  const attempt = <T>(operation: string, key: string, options: { signal?: AbortSignal; once?: boolean } | undefined, run: (tried: number) => Promise<T>): Promise<T> =>
    tryAgain(limits.attempts, options, run, (error) => storeFailure(error, operation, bucket, key));

  const get = (key: string, signal?: AbortSignal, etag?: string): Promise<StoredObject | null | "unchanged"> =>
    attempt("get", key, { signal }, async () => {
      const reply = await send({ method: "GET", key, headers: { "if-none-match": etag }, signal }).catch(absentOrThrow);
      if (reply === null || reply === "unchanged") return reply;
      return { body: await readReply(reply, limits.timeoutMs, signal), etag: reply.ETag };
    });

  const put = (key: string, body: Uint8Array, options: PutOptions = {}): Promise<PutOutcome> =>
    attempt("put", key, options, async (tried) => {
      const outcome = await judge(options, putWhole(key, body, options));
      return outcome.outcome === "exists" && tried > 1 ? ((await findOwn(key, body, options.signal)) ?? outcome) : outcome;
    });

  const putWhole = async (key: string, body: Uint8Array, { contentType, ifNoneMatch, ifMatch, signal }: PutOptions): Promise<{ ETag: string }> => {
    const reply = await send({ method: "PUT", key, body, headers: { "content-type": contentType ?? "application/octet-stream", "if-none-match": ifNoneMatch, "if-match": ifMatch }, signal });
    await readReply(reply, limits.timeoutMs, signal);
    return reply;
  };

  /** After a lost reply, the object that is in the way may be our own. */
  const findOwn = async (key: string, body: Uint8Array, signal?: AbortSignal): Promise<PutOutcome | null> => {
    const found = (await get(key, signal)) as StoredObject | null;
    return found !== null && Buffer.compare(found.body, body) === 0 ? { outcome: "stored", etag: found.etag } : null;
  };

  return {
    bucket,
    put,
    get: async (key, options) => (await get(key, options?.signal)) as StoredObject | null,
    getIfChanged: (key, etag, options) => get(key, options?.signal, etag),
    head: (key, options) =>
      attempt("head", key, options, async () => {
        const reply = await send({ method: "HEAD", key, signal: options?.signal }).catch(absentOrThrow);
        if (reply === null || reply === "unchanged") return null;
        await readReply({ Body: reply.Body }, limits.timeoutMs, options?.signal);
        return infoOf(key, reply);
      }),
    remove: (key, options) =>
      attempt("remove", key, options, async () => {
        const reply = await send({ method: "DELETE", key, signal: options?.signal }).catch(absentOrThrow);
        if (reply !== null && reply !== "unchanged") await readReply(reply, limits.timeoutMs, options?.signal);
      }),
    async *list(prefix, options = {}) {
      let [startAfter, left] = [options.startAfter, options.limit ?? Infinity];
      for (let more = left > 0; more;) {
        const query = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, StartAfter: startAfter, MaxKeys: Math.min(1_000, left) });
        const page = await attempt("list", prefix, options, () => client.send(query, { abortSignal: options.signal }));
        for (const found of page.Contents ?? []) {
          startAfter = found.Key as string;
          yield infoOf(startAfter, { ...found, ContentLength: found.Size });
        }
        left -= page.Contents?.length ?? 0;
        more = page.IsTruncated === true && (page.Contents ?? []).length > 0 && left > 0;
      }
    },
    download: (key, path, options) =>
      attempt("download", key, options, async () => {
        const reply = await send({ method: "GET", key, signal: options?.signal }).catch(absentOrThrow);
        if (reply === null || reply === "unchanged") return null;
        await writeWhole(path, Readable.from(replyChunks(reply, limits.timeoutMs, options?.signal), { objectMode: false }), options?.signal);
        return infoOf(key, reply);
      }),
    upload: async (key, path, options = {}) => {
      const { size } = await stat(path);
      if (size <= partBytes) return put(key, await readFile(path), options);
      return attempt("upload", key, options, () => judge(options, uploadInParts(client, { Bucket: bucket, Key: key }, path, options)));
    },
  };
}

/** Repeats what has no known outcome, with growing pauses. `once` never repeats. */
async function tryAgain<T>(attempts: number, options: { signal?: AbortSignal; once?: boolean } | undefined, run: (tried: number) => Promise<T>, describe: (error: unknown) => Error): Promise<T> {
  for (let tried = 1; ; tried++) {
    options?.signal?.throwIfAborted();
    try {
      return await run(tried);
    } catch (error) {
      options?.signal?.throwIfAborted();
      if (options?.once === true || tried >= attempts || !isWorthRetrying(error)) throw describe(error);
      await sleep(40 * 2 ** tried * (0.5 + Math.random()), undefined, { signal: options?.signal });
    }
  }
}

/** A missing key and an unchanged object are answers, not failures; a missing bucket is one. */
function absentOrThrow(error: unknown): null | "unchanged" {
  if (statusOf(error) === 304) return "unchanged";
  if (statusOf(error) === 404 && !isMissingBucket(error)) return null;
  throw error;
}

/** Turns the refusal of a condition into an outcome. A replacement of a key that is gone (404) is refused like one that changed. */
async function judge(options: PutOptions, sent: Promise<{ ETag?: string | undefined }>): Promise<PutOutcome> {
  try {
    return { outcome: "stored", etag: (await sent).ETag ?? "" };
  } catch (error) {
    const status = statusOf(error);
    if ((options.ifNoneMatch ?? options.ifMatch) === undefined || isMissingBucket(error)) throw error;
    if (status === 412 || (status === 404 && options.ifMatch !== undefined)) return { outcome: "exists" };
    if (status === 409) return { outcome: "conflict" };
    throw error;
  }
}

function infoOf(key: string, reply: { readonly ContentLength?: number | undefined; readonly ETag?: string | undefined; readonly LastModified?: Date | undefined }): ObjectInfo {
  return { key, bytes: reply.ContentLength ?? 0, etag: reply.ETag ?? "", modifiedAt: (reply.LastModified ?? new Date(0)).toISOString() };
}
