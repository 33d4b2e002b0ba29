import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createIngest } from "../../activities/ingest.ts";
import { createValidate } from "../../activities/validate.ts";
import type { ValidateResult, VersionRef } from "../../activities/contract.ts";
import { landMonths } from "../../examples/flights/land.ts";
import flights from "../../examples/flights/pipeline.ts";
import { closeWindows } from "../../policy/windows.ts";
import { type Definition, definition, type DefinitionInput } from "../../schemas/definition.ts";
import { failureTypeOf } from "../../schemas/failures.ts";
import type { RunWindows } from "../../schemas/time.ts";
import { type Finding, validationReport } from "../../schemas/validation.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";

/** A world of two buckets (Relearn's and the landing one) in which ingest and validate run for real. */
export interface World {
  readonly deps: Dependencies;
  land(key: string, bytes: Uint8Array): Promise<void>;
  landed(key: string): Uint8Array;
  remove(key: string): void;
  /** Takes Relearn's own objects below a prefix away. */
  forget(prefix: string): Promise<void>;
  /** A run as of an instant, of all since the start of 2013. `landedBy`: when whole files count as finished, if not then. */
  run(asOf: string, changes?: Partial<DefinitionInput>, champion?: VersionRef | null, landedBy?: string): Promise<Outcome>;
  /** The same state, to go on from without changing this one. */
  copy(): World;
}

export interface Outcome {
  readonly status: "accepted" | "refused" | "held" | "failed";
  readonly reasons: readonly string[];
  readonly findings: readonly Finding[];
  readonly validated: ValidateResult | null;
}

export const scratch = mkdtempSync(join(tmpdir(), "relearn-world-"));
export const cleanUp = (): void => rmSync(scratch, { recursive: true, force: true });

type Objects = ReturnType<typeof createMemoryBucket>["objects"];

export function newWorld(from?: { readonly store: Objects; readonly landing: Objects }): World {
  const [store, landing] = [createMemoryBucket("relearn"), createMemoryBucket("landing")];
  for (const [key, object] of from?.store ?? []) store.objects.set(key, object);
  for (const [key, object] of from?.landing ?? []) landing.objects.set(key, object);
  const deps = { store: store.connect(), openBucket: () => landing.connect(), scratch, now: () => new Date().toISOString() } as unknown as Dependencies;
  let runs = 0;
  return {
    deps,
    land: async (key, bytes) => void (await landing.connect().put(key, bytes)),
    landed: (key) => landing.objects.get(key)!.body,
    remove: (key) => void landing.objects.delete(key),
    forget: async (prefix) => { for (const key of store.objects.keys()) if (key.startsWith(prefix)) store.objects.delete(key); },
    run: (asOf, changes = {}, champion = null, landedBy = asOf) => {
      const pipeline = definition.parse({ ...flights, ...changes });
      return runOnce(deps, pipeline, closeWindows(pipeline, asOf, "2013-01-01T05:00:00Z"), `flights/run/${asOf}-${runs++}-${store.objects.size}`, champion, landedBy);
    },
    copy: () => newWorld({ store: store.objects, landing: landing.objects }),
  };
}

async function runOnce(deps: Dependencies, pipeline: Definition, windows: RunWindows, run: string, champion: VersionRef | null, asOf: string): Promise<Outcome> {
  const step = { run, pipeline: pipeline.name, definition: await putJsonBlob(deps.store, pipeline), windows, asOf };
  try {
    const ingested = await createIngest(deps)(step);
    if (ingested.status === "held") return { status: "held", reasons: ingested.reasons, findings: [], validated: null };
    const validated = await createValidate(deps)({ ...step, dataset: ingested.dataset, champion });
    const report = validationReport.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, validated.report))));
    return { status: validated.status, reasons: validated.status === "refused" ? validated.reasons : [], findings: report.findings, validated };
  } catch (error) {
    if (failureTypeOf(error) === null) throw error;
    return { status: "failed", reasons: [(error as Error).message], findings: [], validated: null };
  }
}

/** Real months, kept in the temporary folder between test files and runs: landing them takes seconds. */
export async function landReal(world: World, months: readonly string[]): Promise<void> {
  const kept = join(tmpdir(), "relearn-flights-months");
  mkdirSync(kept, { recursive: true });
  const path = (key: string) => join(kept, key.replaceAll("/", "-"));
  const missing = months.filter((month) => !existsSync(path(`weather/${month}.parquet`)));
  if (missing.length > 0) await landMonths({ months: missing, target: async (key, bytes) => writeFileSync(path(key), bytes) });
  for (const month of months) for (const kind of ["flights", "weather"]) await world.land(`${kind}/${month}.parquet`, readFileSync(path(`${kind}/${month}.parquet`)));
}

/** Writes another Parquet file, or with `format csv` a CSV one, out of a landed one, which the SELECT calls `landed`. */
export async function rewrite(bytes: Uint8Array, select: string, format = "parquet"): Promise<Uint8Array> {
  const [from, to] = [join(scratch, "rewrite-from.parquet"), join(scratch, "rewrite-to")];
  writeFileSync(from, bytes);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("set TimeZone = 'UTC'");
    await connection.run(`copy (with landed as (select *, row_number() over () as n from '${from}') ${select}) to '${to}' (format ${format})`);
    return readFileSync(to);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
