import { existsSync } from "node:fs";
import { mkdtemp, mkdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import { namingFullDisk } from "../schemas/full-disk.ts";
import { serveChild } from "../schemas/serve-child.ts";
import { loadSettings, type Settings } from "../schemas/settings.ts";
import type { Shipped, ShipReply, ShipRequest, SpooledSegment } from "../schemas/shipping.ts";
import { connectS3, type S3Connection } from "../stores/s3-object-store.ts";
import { withDuckDb } from "../tables/open-duckdb.ts";
import { shipSegment } from "./ship-segment.ts";

/** Whoever asked tries again, so that one try need not be long. */
const patience = { timeoutMs: 10_000, attempts: 2 };

/** The process that takes spooled segments to the bucket: its own, because writing Parquet would hold up whoever waits for an answer. */
serveChild(async (message): Promise<ShipReply> => {
  const { segments } = message as ShipRequest;
  const reply: ShipReply = { shipped: [], failed: [] };
  for (const segment of segments) {
    try {
      reply.shipped.push(await ship(segment));
    } catch (error) {
      const failure = error as Error;
      reply.failed.push({ path: segment.path, reason: isPassing(failure) ? failure.message : await setAside(segment.path, failure) });
      if (isPassing(failure)) break;
    }
  }
  return reply;
});

/** Settings are read anew, because the local stack may have been started again elsewhere. */
async function ship(segment: SpooledSegment): Promise<Shipped> {
  const { home, s3 } = loadSettings(process.env);
  const store = connect(s3);
  try {
    return await shipIn([join(home, "serving"), tmpdir(), "/dev/shm"].filter(existsSync), store, segment);
  } finally {
    store.close();
  }
}

/** A disk that the spool has filled must not keep the spool from being emptied: another one then holds the Parquet file on its way. */
async function shipIn([folder, ...others]: readonly string[], store: S3Connection, segment: SpooledSegment): Promise<Shipped> {
  try {
    return await inScratch(folder!, (scratch) => withDuckDb({ spill: join(scratch, "spill"), timezone: "UTC", memoryMegabytes: 256, threads: 1 }, (connection) => shipSegment(store, connection, scratch, segment)));
  } catch (error) {
    const failure = namingFullDisk(error);
    if (failureTypeOf(failure) !== "DiskFull" || others.length === 0) throw failure;
    return shipIn(others, store, segment);
  }
}

async function inScratch<T>(folder: string, work: (scratch: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, "shipping-"));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function connect({ from, endpoint, bucket, region, credentials }: Settings["s3"]): S3Connection {
  if (from === "local" && endpoint === null) throw new RelearnError("StoreUnavailable", "the local stack is not running: start it with `relearn up`, or name an object store in RELEARN_S3_ENDPOINT");
  const { accessKeyId, secretAccessKey, sessionToken } = credentials ?? {};
  const given = accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } };
  return connectS3({ bucket, endpoint, region, ...given, ...patience });
}

const passing = new Set(["StoreUnavailable", "StoreRefused", "DiskFull"]);
const isPassing = (error: Error): boolean => passing.has(failureTypeOf(error) ?? "") || "code" in error;

/** A segment that no later try could ship either is kept aside for a person, so that those behind it go on. */
async function setAside(path: string, { message }: Error): Promise<string> {
  await rename(path, `${path}.damaged`);
  return `${message}; it is kept as ${path}.damaged`;
}
