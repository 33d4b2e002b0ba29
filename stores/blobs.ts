import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { RelearnError } from "../schemas/failures.ts";
import type { BlobRef } from "../schemas/names.ts";
import { canonicalBytes, sha256Hex } from "./canonical.ts";
import type { ObjectStore } from "./object-store.ts";

/** `blobs/sha256/<2>/<hex>`. */
export const blobKey = (hex: string): string => `blobs/sha256/${hex.slice(0, 2)}/${hex}`;

/** Stores bytes under their own SHA-256; storing them again costs one refused put. */
export async function putBlob(store: ObjectStore, bytes: Uint8Array, signal?: AbortSignal): Promise<BlobRef> {
  const sha256 = sha256Hex(bytes);
  const ref = { sha256, bytes: bytes.byteLength };
  const { outcome } = await store.put(blobKey(sha256), bytes, { ifNoneMatch: "*", signal });
  if (outcome !== "stored") await checkStored(store, ref, signal);
  return ref;
}

/** A name that is taken is success only when as many bytes lie there; readers check each byte. */
async function checkStored(store: ObjectStore, ref: BlobRef, signal?: AbortSignal): Promise<void> {
  const found = await store.head(blobKey(ref.sha256), { signal });
  if (found === null) throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${blobKey(ref.sha256)} was said to exist, and does not; try again`);
  if (found.bytes !== ref.bytes) throw new RelearnError("Corrupt", `s3://${store.bucket}/${blobKey(ref.sha256)} has ${found.bytes} bytes where ${ref.bytes} were to be stored`);
}

/** Stores a document as RFC 8785 JSON. */
export async function putJsonBlob(store: ObjectStore, value: unknown, signal?: AbortSignal): Promise<BlobRef> {
  return putBlob(store, canonicalBytes(value), signal);
}

/** Stores a file of any size. */
export async function putBlobFile(store: ObjectStore, path: string, signal?: AbortSignal): Promise<BlobRef> {
  const ref = await hashFile(path, signal);
  if ((await store.head(blobKey(ref.sha256), { signal }))?.bytes === ref.bytes) return ref;
  const { outcome } = await store.upload(blobKey(ref.sha256), path, { ifNoneMatch: "*", signal });
  if (outcome !== "stored") await checkStored(store, ref, signal);
  return ref;
}

/** SHA-256 and size of a file, read as a stream. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<BlobRef> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** @throws RelearnError `NotFound`, or `Corrupt` when the bytes are not those the name promises. */
export async function getBlob(store: ObjectStore, ref: BlobRef, signal?: AbortSignal): Promise<Uint8Array> {
  const found = await store.get(blobKey(ref.sha256), { signal });
  if (found === null) throw missing(store, ref);
  const actual = sha256Hex(found.body);
  if (actual !== ref.sha256) throw corrupt(store, ref, actual);
  return found.body;
}

/** Fetches a blob into a file, whole and verified or not at all. Idempotent: a file that already holds these bytes is left. */
export async function downloadBlob(store: ObjectStore, ref: BlobRef, path: string, signal?: AbortSignal): Promise<void> {
  if (await holds(path, ref, signal)) return;
  const unverified = `${path}.${randomUUID().slice(0, 8)}.unverified`;
  try {
    if ((await store.download(blobKey(ref.sha256), unverified, { signal })) === null) throw missing(store, ref);
    const actual = await hashFile(unverified, signal);
    if (actual.sha256 !== ref.sha256) throw corrupt(store, ref, actual.sha256);
    await rename(unverified, path);
  } finally {
    await rm(unverified, { force: true });
  }
}

function missing(store: ObjectStore, ref: BlobRef): RelearnError {
  return new RelearnError("NotFound", `s3://${store.bucket}/${blobKey(ref.sha256)} does not exist (${ref.bytes} bytes were stored there)`);
}

function corrupt(store: ObjectStore, ref: BlobRef, actual: string): RelearnError {
  return new RelearnError("Corrupt", `s3://${store.bucket}/${blobKey(ref.sha256)} holds other bytes than its name says: their SHA-256 is ${actual}`);
}

async function holds(path: string, ref: BlobRef, signal?: AbortSignal): Promise<boolean> {
  const existing = await stat(path).catch(() => null);
  if (existing === null || existing.size !== ref.bytes) return false;
  return (await hashFile(path, signal)).sha256 === ref.sha256;
}
