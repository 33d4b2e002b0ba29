import { RelearnError } from "../schemas/failures.ts";

export interface S3Uri {
  readonly bucket: string;
  /** Without leading slash; empty for the bucket itself. */
  readonly key: string;
}

export const isS3Uri = (uri: string): boolean => uri.startsWith("s3://");

/** Reads `s3://bucket/key`; the key is taken as it stands, nothing in it is decoded. @throws RelearnError `InvalidInput`. */
export function parseS3Uri(uri: string): S3Uri {
  const [, bucket, key = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(uri) ?? [];
  if (bucket === undefined) throw new RelearnError("InvalidInput", `"${uri}" is not an address such as s3://bucket/folder/file.parquet`);
  if (key.startsWith("/") || key.split("/").some((part) => part === ".." || part === ".") || key.includes("\0")) {
    throw new RelearnError("InvalidInput", `"${uri}" has a part that is empty, "." or ".."; write the key out`);
  }
  return { bucket, key };
}
