import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IngestResult } from "../../activities/contract.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createIngest } from "../../activities/ingest.ts";
import { earliestData } from "../../activities/support/earliest-data.ts";
import { closeWindows } from "../../policy/windows.ts";
import { readJson } from "../../schemas/boundary.ts";
import { ingested } from "../../schemas/dataset.ts";
import type { Ingested } from "../../schemas/dataset.ts";
import { definition as schema } from "../../schemas/definition.ts";
import type { Definition, DefinitionInput } from "../../schemas/definition.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { rowsOfBlob } from "../tables/rows-of-blob.ts";

export interface Stage {
  readonly folder: string;
  readonly deps: Dependencies;
  readonly at: (name: string) => string;
  define(change?: Partial<DefinitionInput>): Definition;
  ingest(definition: Definition, asOf: string): Promise<IngestResult>;
  /** The result's document; fails when the run was held. */
  dataset(definition: Definition, asOf: string): Promise<Ingested>;
  rows(ref: BlobRef): Promise<Record<string, unknown>[]>;
  /** Keys put so far that begin with this, and forgets none. */
  keys(prefix: string): string[];
  /** How many times keys with this prefix were put since the last call. */
  puts(prefix: string): number;
  /** From now on no key with this prefix can be put. */
  refuse(prefix: string): void;
  close(): Promise<void>;
}

/** A folder that files land in, a bucket in memory, and the activity over both. */
export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "ingest-"));
  const bucket = createMemoryBucket();
  const counted: string[] = [];
  let refused: string | null = null;
  const store = bucket.connect({
    before: (operation, key) => {
      if (operation !== "put") return;
      counted.push(key);
      if (refused !== null && key.startsWith(refused)) throw new Error(`no place for ${key}`);
    },
  });
  const deps = { store, scratch: join(folder, "scratch"), openBucket: () => store, launchers: {}, now: () => "2013-02-01T00:00:00Z" } as unknown as Dependencies;
  const ingest = createIngest(deps);
  const at = (name: string) => join(folder, "landing", name);

  const stage: Stage = {
    folder,
    deps,
    at,
    define: (change = {}) => schema.parse({
      name: "trips",
      sources: { trips: { format: "parquet", uri: at("trips/{yyyy}-{MM}-{dd}.parquet"), time: "at", key: "id" } },
      columns: { kind: { type: "category" }, length: { type: "number", nullable: true } },
      label: { column: "late", task: "binary" },
      windows: { train: "P3D", holdout: "P1D" },
      trainer: { command: ["true"] },
      gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }],
      ...change,
    }),
    ingest: async (definition, asOf) => {
      const windows = closeWindows(definition, asOf, await earliestData(deps, definition));
      return ingest({ run: "trips/run/1", pipeline: definition.name, definition: await putJsonBlob(store, definition), windows, asOf });
    },
    dataset: async (definition, asOf) => {
      const result = await stage.ingest(definition, asOf);
      if (result.status === "held") throw new Error(`held: ${result.reasons.join("; ")}`);
      return readJson(ingested, new TextDecoder().decode(await getBlob(store, result.dataset)), "dataset");
    },
    rows: (ref) => rowsOfBlob(store, ref, folder),
    keys: (prefix) => [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)),
    puts: (prefix) => {
      const found = counted.filter((key) => key.startsWith(prefix)).length;
      counted.length = 0;
      return found;
    },
    refuse: (prefix) => void (refused = prefix),
    close: () => rm(folder, { recursive: true, force: true }),
  };
  return stage;
}

/** SQL of one day's trips: `n` of them, half of them late. */
export function tripsOf(day: string, n = 4, change = ""): string {
  return `select '${day}-' || i as id, '${day} 06:00:00'::timestamp + to_minutes(i::int) as "at", case when i % 2 = 0 then 'bus' else 'tram' end as kind, i * 1.5 as length, i % 2 as late ${change} from range(${n}) r(i)`;
}

export const daysFrom = (first: number, count: number): string[] => Array.from({ length: count }, (_, i) => `2013-01-${String(first + i).padStart(2, "0")}`);
