import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchEnd } from "../../activities/contract.ts";
import { createFinishBatch } from "../../activities/finish-batch.ts";
import { createPlanBatch } from "../../activities/plan-batch.ts";
import { createScoreFiles } from "../../activities/score-files.ts";
import type { BatchManifest, BatchRequestInput } from "../../schemas/batch.ts";
import { type DefinitionInput, definition } from "../../schemas/definition.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import { getBatchManifest } from "../../stores/batches.ts";
import { putBlob, putJsonBlob } from "../../stores/blobs.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { publicKeyOf, signManifest } from "../../stores/signing.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import { fixture, windows } from "../support/evaluation-fixture.ts";

export type Row = Record<string, unknown>;

export interface BatchStage {
  readonly store: ObjectStore;
  readonly folder: string;
  /** Public keys whose signatures count; a test may change them. */
  readonly trusted: string[];
  /** Lands a Parquet file of this query, or these bytes. */
  land(name: string, content: string | Uint8Array): Promise<void>;
  score(request?: Partial<BatchRequestInput>, id?: string): Promise<BatchEnd>;
  manifest(folder?: string): Promise<BatchManifest>;
  rows(key: string): Promise<Row[]>;
  /** Every row of a job's outputs, in order. */
  all(folder?: string): Promise<Row[]>;
}

/** Registers a version of `planes` from a model of `test/fixtures/models`, signed by a key. */
export async function registerPlanes(store: ObjectStore, key: KeyObject, task: "binary" | "multiclass" | "regression" = "binary", columns: DefinitionInput["columns"] = { distance: { type: "number", nullable: true }, carrier: { type: "category" }, delay: { type: "number" } }): Promise<void> {
  const label = { binary: "late", multiclass: "kind", regression: "minutes" }[task];
  const stored = definition.parse({
    name: "planes", sources: { planes: { format: "parquet", uri: "/landing", time: "at", key: "id" } }, columns, label: { column: label, task }, windows: { holdout: "P7D" }, trainer: { command: ["true"] },
    gates: [{ kind: "atMost", metric: task === "regression" ? "rmse" : "log_loss", value: 20 }],
  });
  const file = await putBlob(store, await fixture(`${task}.onnx`));
  const definitionRef = await putJsonBlob(store, stored);
  const manifest = (v: number): Manifest => signManifest({
    version: 1, model: "planes", v, file, evaluation: file, snapshot: "0".repeat(64), definition: definitionRef, code: null, trainer: { command: ["true"], packages: {} }, params: {}, seed: 1, job: "j", run: "planes/run/1",
    windows, inputs: Object.entries(stored.columns).map(([name, column]) => ({ name, column })), outputs: { task, classes: { binary: ["0", "1"], multiclass: ["a", "b", "c"], regression: null }[task] }, metrics: {}, createdAt: "2013-01-01T00:00:00Z",
  }, key);
  await openRegistry(store, "planes").register({ txn: "register", actor: { kind: "workflow", name: "planes/run/1", claimed: false }, run: "planes/run/1", model: file, evaluation: file, describe: async (v) => ({ manifest: manifest(v), card: "# planes" }) });
}

export async function batchStage(task: "binary" | "multiclass" | "regression" = "binary", columns?: DefinitionInput["columns"]): Promise<BatchStage> {
  const store = memoryObjectStore();
  const folder = await mkdtemp(join(tmpdir(), "relearn-batch-"));
  const key = generateKeyPairSync("ed25519").privateKey;
  await registerPlanes(store, key, task, columns);
  const trusted = [publicKeyOf(key)];
  const deps = { store, trusted: () => Promise.resolve(trusted), openBucket: () => store, scratch: join(folder, "scratch"), now: () => "2026-01-02T03:04:05.000Z" };
  const rows = (key: string) => readRows(store, key, folder);
  const to = (name: string) => `scored/${name}/`;
  return {
    store, folder, rows, trusted,
    land: async (name, content) => void (await store.put(`landing/${name}`, typeof content === "string" ? await parquetOf(content, folder) : content)),
    score: async (request = {}, id = "one") => {
      const job = `planes/score/${id}`;
      const { files } = await createPlanBatch(deps)({ job, request: { model: "planes", v: 1, from: `s3://${store.bucket}/landing/`, to: `s3://${store.bucket}/${to(id)}`, ...request } });
      await createScoreFiles(deps)({ job, first: 0, count: files });
      return createFinishBatch(deps)({ job });
    },
    manifest: async (name = "one") => (await getBatchManifest(store, to(name)))!,
    all: async (name = "one") => {
      const { files } = (await getBatchManifest(store, to(name)))!;
      const every: Row[] = [];
      for (const { output } of files) every.push(...(await rows(output.uri.replace(`s3://${store.bucket}/`, ""))));
      return every;
    },
  };
}

export async function parquetOf(sql: string, folder: string): Promise<Uint8Array> {
  const path = join(folder, "landing.parquet");
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => void (await connection.run(`copy (${sql}) to ${quote(path)} (format parquet)`)));
  return readFile(path);
}

export async function readRows(store: ObjectStore, key: string, folder: string): Promise<Row[]> {
  const path = join(folder, "read.parquet");
  await writeFile(path, (await store.get(key))!.body);
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => (await connection.runAndReadAll(`select * from ${parquetFiles([path])}`)).getRowObjectsJson() as Row[]);
}
