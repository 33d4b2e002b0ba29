import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { putBlobFile } from "../../stores/blobs.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { sampleRows } from "../../tables/sample-rows.ts";
import type { Dependencies } from "../dependencies.ts";
import { localBlobs } from "./local-blobs.ts";

/** A converter that rounded thresholds was wrong in 3 of 20,000 rows: fewer would miss it. */
const mostRows = 20_000;

/** The sample is drawn from partitions spread over the window, of about so many rows in all: three times what it takes. */
const enoughRows = 60_000;

/** The sample of a snapshot's training rows on which trainer and onnxruntime are compared. The same snapshot gives the same bytes. */
export async function makeSample(deps: Pick<Dependencies, "store" | "scratch">, definition: Definition, snapshot: Snapshot, signal?: AbortSignal): Promise<{ readonly blob: BlobRef; readonly rows: number }> {
  const columns = Object.entries(definition.columns).flatMap(([name, column]) => (column.feature ? [{ name, column }] : []));
  const train = snapshot.partitions.filter(({ role, rows }) => role === "train" && rows > 0);
  const every = Math.max(1, Math.ceil(train.reduce((sum, { rows }) => sum + rows, 0) / enoughRows));
  const files = await localBlobs(deps, train.filter((_, i) => i % every === 0).map(({ blob }) => blob), signal);
  const folder = join(deps.scratch, "sample");
  const file = join(folder, `${randomUUID()}.parquet`);
  await mkdir(folder, { recursive: true });
  try {
    const rows = await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: definition.timezone, signal }, (connection) => sampleRows(connection, files, columns, mostRows, file));
    return { blob: await putBlobFile(deps.store, file, signal), rows };
  } finally {
    await rm(file, { force: true });
  }
}
