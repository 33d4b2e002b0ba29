import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand, type CompletedPart, type S3Client,
} from "@aws-sdk/client-s3";
import type { PutOptions } from "./object-store.ts";

/** Larger files are uploaded in parts of this size; S3 allows 10,000 parts, so larger still means larger parts. */
export const partBytes = 16 * 1024 * 1024;
const maxParts = 9_000;

/** Uploads a file in parts; the object appears, or its condition is judged, when the last request completes it. */
export async function uploadInParts(client: S3Client, at: { Bucket: string; Key: string }, path: string, options: PutOptions): Promise<{ ETag?: string | undefined }> {
  const abort = { abortSignal: options.signal };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ContentType: options.contentType }), abort);
  try {
    const Parts = await sendParts(client, { ...at, UploadId }, path, options.signal);
    return await client.send(
      new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts }, IfNoneMatch: options.ifNoneMatch, IfMatch: options.ifMatch }),
      abort,
    );
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
    throw error;
  }
}

async function sendParts(client: S3Client, at: { Bucket: string; Key: string; UploadId: string | undefined }, path: string, signal: AbortSignal | undefined): Promise<CompletedPart[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const step = Math.max(partBytes, Math.ceil(size / maxParts));
    const parts: CompletedPart[] = [];
    for (let from = 0; from < size; from += step) {
      const PartNumber = parts.length + 1;
      const Body = await readExactly(file, from, Math.min(step, size - from));
      const { ETag } = await client.send(new UploadPartCommand({ ...at, PartNumber, Body, ContentLength: Body.byteLength }), { abortSignal: signal });
      parts.push({ PartNumber, ETag });
    }
    return parts;
  } finally {
    await file.close();
  }
}

async function readExactly(file: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled);
    if (bytesRead === 0) throw new Error(`the file became shorter while it was uploaded`);
    filled += bytesRead;
  }
  return buffer;
}
