import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Settings } from "../../schemas/settings.ts";

/** The S3 client alone, one request a call: what any program that stores an object pays at least. */
export interface BareS3 {
  get(key: string): Promise<Uint8Array>;
  put(key: string, body: Uint8Array, createOnly?: boolean): Promise<void>;
  close(): void;
}

export function bareS3({ s3 }: Settings): BareS3 {
  const client = new S3Client({
    endpoint: s3.endpoint as string, region: s3.region, forcePathStyle: true, maxAttempts: 1, credentials: { ...(s3.credentials as NonNullable<typeof s3.credentials>) },
    requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED",
  });
  return {
    get: async (key) => (await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: key }))).Body!.transformToByteArray(),
    put: async (key, body, createOnly = false) => void (await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: body, ContentLength: body.byteLength, ...(createOnly ? { IfNoneMatch: "*" } : {}) }))),
    close: () => client.destroy(),
  };
}
