import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunStep } from "../../activities/contract.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createIngest } from "../../activities/ingest.ts";
import { readDefinition } from "../../activities/support/read-definition.ts";
import { closeWindows } from "../../policy/windows.ts";
import { readJson } from "../../schemas/boundary.ts";
import { ingested } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { manifest as manifestSchema } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { downloadBlob, getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { inParallel } from "../../stores/parallel.ts";
import type { Version } from "../../stores/registry.ts";
import { withDuckDb, parquetFiles } from "../../tables/open-duckdb.ts";

/** A month that has landed, prepared as the pipeline prepares it. */
export interface Month {
  readonly step: RunStep;
  readonly dataset: BlobRef;
  readonly definition: Definition;
}

/** A flight as its caller knows it before it departs, and what came of it. */
export interface Flight {
  /** Scheduled departure, UTC. */
  readonly at: string;
  /** Who asks: the airline's flight number, day after day the same. */
  readonly key: string;
  readonly late: boolean;
  readonly row: Readonly<Record<string, unknown>>;
}

const dataFrom = "2013-01-01T05:00:00Z";

/** Prepares a month by the definition of a version, looking at the whole month instead of the last week. @param month 1 to 12, of 2013 */
export async function openMonth(deps: Dependencies, version: Version, month: number): Promise<Month> {
  const made = readJson(manifestSchema, new TextDecoder().decode(await getBlob(deps.store, version.manifest)), "the manifest");
  const definition = await readDefinition(deps.store, made.definition);
  const days = new Date(Date.UTC(2013, month, 0)).getUTCDate();
  const asOf = new Date(Date.UTC(2013, month, 1, 16)).toISOString();
  const whole = { ...definition, windows: { ...definition.windows, holdout: `P${days}D` } };
  const step = { run: `flights/demo/month-${month}`, pipeline: "flights", definition: await putJsonBlob(deps.store, whole), windows: closeWindows(whole, asOf, dataFrom), asOf };
  const found = await createIngest(deps)(step);
  if (found.status !== "ready") throw new RelearnError("DataHeld", found.reasons.join("; "));
  return { step, dataset: found.dataset, definition };
}

/** The month's flights in the order of their times. */
export async function readFlights({ store, scratch }: Pick<Dependencies, "store" | "scratch">, { step, dataset, definition }: Month, signal: AbortSignal): Promise<Flight[]> {
  const { partitions } = readJson(ingested, new TextDecoder().decode(await getBlob(store, dataset, signal)), "the data set");
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, "flights-"));
  try {
    const files = await inParallel(partitions.filter(({ from, rows }) => from >= step.windows.holdout.from && rows > 0), 8, async ({ name, blob }) => {
      const path = join(folder, `${name}.parquet`);
      await downloadBlob(store, blob, path);
      return path;
    });
    return await withDuckDb({ spill: folder, timezone: "UTC", signal }, async (connection) => {
      const rows = (await connection.runAndReadAll(flightsIn(files, definition))).getRowObjectsJson();
      return rows.map(({ at, key, late, ...row }) => ({ at: at as string, key: key as string, late: late === true, row }));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Features as JSON has them: DuckDB would write a 64-bit integer as a text. */
function flightsIn(files: readonly string[], { columns }: Definition): string {
  const features = Object.entries(columns).filter(([, column]) => column.feature).map(([name, { type }]) => (type === "integer" ? `${name}::integer as ${name}` : name));
  return `select strftime(scheduled_at, '%Y-%m-%dT%H:%M:%SZ') as at, split_part(flight_id, '-', 1) as key, late::boolean as late, ${features.join(", ")} from ${parquetFiles(files)} order by scheduled_at, flight_id`;
}
