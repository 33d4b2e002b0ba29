import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { landMonths, toStore } from "../../examples/flights/land.ts";
import type { Settings } from "../../schemas/settings.ts";
import { openStores } from "../../workers/connect.ts";

/** Lands real months of 2013 with their weather in `s3://landing`, which is made for it. */
export async function landFlights(settings: Settings, months: readonly number[]): Promise<void> {
  await makeBucket(settings, "landing");
  const stores = openStores(settings);
  await landMonths({ months: months.map((month) => `2013-${String(month).padStart(2, "0")}`), target: toStore(stores.openBucket("landing")), python: settings.python.executable });
  stores.close();
}

/** A bucket that is there already is left as it is. */
export async function makeBucket({ s3 }: Settings, bucket: string): Promise<void> {
  const client = new S3Client({ endpoint: s3.endpoint as string, region: s3.region, forcePathStyle: true, credentials: { ...(s3.credentials as NonNullable<typeof s3.credentials>) } });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!/AlreadyOwnedByYou|AlreadyExists/.test((error as Error).name)) throw error;
  } finally {
    client.destroy();
  }
}
