import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { makeBucket } from "../../infra/object-server.ts";
import type { S3Settings } from "../../schemas/settings.ts";

/** Settings of a bucket that nobody else uses, in the run's SeaweedFS; its first write works. */
export async function freshBucket(name = "test"): Promise<S3Settings> {
  const { endpoint, region, credentials } = inject("s3");
  const settings: S3Settings = { from: "local", endpoint, region, credentials, bucket: `${name}-${randomBytes(6).toString("hex")}` };
  await makeBucket(settings, settings.bucket);
  return settings;
}
