import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { failureTypeOf } from "../schemas/failures.ts";
import { namingFullDisk } from "../schemas/full-disk.ts";
import { serveChild } from "../schemas/serve-child.ts";
import { loadSettings } from "../schemas/settings.ts";
import type { ShipReply, ShipRequest } from "../schemas/shipping.ts";
import { connectS3 } from "../stores/s3-object-store.ts";
import { withDuckDb } from "../tables/open-duckdb.ts";
import { shipSegment } from "./ship-segment.ts";

const { home, s3 } = loadSettings(process.env);
const { accessKeyId, secretAccessKey, sessionToken } = s3.credentials ?? {};
const credentials = accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } };
/** Whoever asked tries again, so that one try need not be long. */
const patience = { timeoutMs: 10_000, attempts: 2 };
const store = connectS3({ bucket: s3.bucket, endpoint: s3.endpoint, region: s3.region, ...credentials, ...patience });
const scratch = join(home, "serving", `shipping-${process.pid}`);

process.once("exit", () => void rm(scratch, { recursive: true, force: true }));

/** The process that takes spooled segments to the bucket: its own, because writing Parquet would hold up whoever waits for an answer. */
serveChild(async (message): Promise<ShipReply> => {
  const { segments } = message as ShipRequest;
  await mkdir(scratch, { recursive: true });
  try {
    return await withDuckDb({ spill: join(scratch, "spill"), timezone: "UTC", memoryMegabytes: 256, threads: 1 }, async (connection) => {
      const reply: ShipReply = { shipped: [], failed: [] };
      for (const segment of segments) {
        try {
          reply.shipped.push(await shipSegment(store, connection, scratch, segment));
        } catch (error) {
          const failure = namingFullDisk(error) as Error;
          reply.failed.push({ path: segment.path, reason: isPassing(failure) ? failure.message : await setAside(segment.path, failure) });
          if (isPassing(failure)) break;
        }
      }
      return reply;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});

const passing = new Set(["StoreUnavailable", "StoreRefused", "DiskFull"]);
const isPassing = (error: Error): boolean => passing.has(failureTypeOf(error) ?? "") || "code" in error;

/** A segment that no later try could ship either is kept aside for a person, so that those behind it go on. */
async function setAside(path: string, { message }: Error): Promise<string> {
  await rename(path, `${path}.damaged`);
  return `${message}; it is kept as ${path}.damaged`;
}
