import type { KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFinishBatch } from "../activities/finish-batch.ts";
import { createPlanBatch } from "../activities/plan-batch.ts";
import { type Batch, readBatches } from "../activities/scoring/batches.ts";
import { createScoreFiles } from "../activities/score-files.ts";
import { loadModel, type LoadedModel } from "../inference/session.ts";
import { sliceSize } from "../policy/batch-slices.ts";
import { definition } from "../schemas/definition.ts";
import type { Settings } from "../schemas/settings.ts";
import { putBlobFile, putJsonBlob } from "../stores/blobs.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { inParallel } from "../stores/parallel.ts";
import { openRegistry } from "../stores/registry.ts";
import { ensureSigningKey, signManifest } from "../stores/signing.ts";
import { trustedKeys } from "../stores/trusted-keys.ts";
import { parquetFiles, withDuckDb } from "../tables/open-duckdb.ts";
import { quote } from "../tables/quote.ts";
import { openStores } from "../workers/connect.ts";
import { bench } from "./support/bench.ts";
import { columns, trainFlights, writeFlights } from "./support/flights-model.ts";
import { withStack } from "./support/temporary-stack.ts";
import { paired, timed } from "./support/timing.ts";

const rows = Number(process.env["RELEARN_BENCH_ROWS"] ?? 1_000_000);
const files = Number(process.env["RELEARN_BENCH_FILES"] ?? 8);
const [trees, threads, parallel] = [200, 2, 2];

await bench("score", async ({ report, say }) => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-bench-"));
  try {
    say(`writes ${rows} rows and trains ${trees} trees ...`);
    const [train, all] = [join(folder, "train.parquet"), join(folder, "rows.parquet")];
    await writeFlights(folder, 100_000, train);
    await writeFlights(folder, rows, all);
    const file = await trainFlights(folder, train, 100_000, trees);
    const model = await loadModel(await readFile(file), { columns, task: "binary", classes: 2 }, threads);
    const tensors = await allBatches(folder, all);
    await withStack(async (settings) => {
      const { store, openBucket, close } = openStores(settings);
      await land(store, folder, all);
      await register(store, file, await ensureSigningKey(settings.home));
      say("scores ...");
      const perSecond = async (work: () => Promise<void>) => (rows / (await timed(work))) * 1_000;
      const taken = await paired(5, (round) => perSecond(() => scoreAll(settings, { store, openBucket }, round)), () => perSecond(() => runAll(model, tensors)));
      report({
        figure: "rows scored in a batch, from Parquet in S3 to Parquet in S3", unit: "rows/s", samples: taken.figure, limit: { name: "onnxruntime-node on tensors already in memory", samples: taken.limit },
        target: "at least 70 % of the limit", met: ({ ratio }) => (ratio ?? 0) >= 0.7, notes: [`${rows} rows of ${columns.length} columns in ${files} files, ${trees} trees, ${threads} threads; processes of the model started and the manifest written included, Temporal not`],
      });
      close();
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** The rows as files of as many rows each, as a job finds them. */
async function land(store: ObjectStore, folder: string, all: string): Promise<void> {
  for (let n = 0; n < files; n++) {
    const part = join(folder, `part-${n}.parquet`);
    const sql = `select row_number() over () as id, * from ${parquetFiles([all])} limit ${Math.ceil(rows / files)} offset ${n * Math.ceil(rows / files)}`;
    await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => void (await connection.run(`copy (${sql}) to ${quote(part)} (format parquet, compression zstd)`)));
    await store.upload(`landing/part-${n}.parquet`, part);
  }
}

async function register(store: ObjectStore, path: string, key: KeyObject): Promise<void> {
  const file = await putBlobFile(store, path);
  const made = definition.parse({
    name: "flights", sources: { flights: { format: "parquet", uri: "/landing", time: "at" } }, columns: Object.fromEntries(columns.map(({ name, column }) => [name, column])), label: { column: "late", task: "binary" },
    windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }],
  });
  const definitionRef = await putJsonBlob(store, made);
  const window = { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" };
  const describe = async (v: number) => ({
    manifest: signManifest({
      version: 1, model: "flights", v, file, evaluation: file, snapshot: "0".repeat(64), definition: definitionRef, code: null, trainer: { command: ["true"], packages: {} }, params: {}, seed: 1, job: "bench", run: "bench",
      windows: { train: window, holdout: window }, inputs: [...columns], outputs: { task: "binary", classes: ["0", "1"] }, metrics: {}, createdAt: window.to,
    }, key),
    card: "# flights",
  });
  await openRegistry(store, "flights").register({ txn: "bench", actor: { kind: "workflow", name: "bench", claimed: false }, run: "bench", model: file, evaluation: file, describe });
}

/** What the workflow does, without it: plan, slices side by side, manifest. */
async function scoreAll({ home }: Settings, stores: Pick<Parameters<typeof createPlanBatch>[0], "store" | "openBucket">, round: number): Promise<void> {
  const deps = { ...stores, scratch: join(home, "scratch"), trusted: () => trustedKeys(home, []), now: () => new Date().toISOString() };
  const job = `flights/score/round-${round}`;
  const planned = await createPlanBatch(deps)({ job, request: { model: "flights", v: 1, from: `s3://${stores.store.bucket}/landing/`, to: `s3://${stores.store.bucket}/scored/${round}`, parallel } });
  const count = sliceSize({ ...planned, parallel });
  const slices = Array.from({ length: Math.ceil(planned.files / count) }, (_, i) => i * count);
  await inParallel(slices, parallel, (first) => createScoreFiles(deps)({ job, first, count }));
  const end = await createFinishBatch(deps)({ job });
  if (end.rows !== rows) throw new Error(`${end.rows} rows were scored where ${rows} were landed`);
}

async function runAll(model: LoadedModel, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await model.run(batch.inputs, batch.rows);
}

async function allBatches(folder: string, file: string): Promise<Batch[]> {
  const batches: Batch[] = [];
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC", threads }, async (connection) => {
    for await (const batch of readBatches(connection, parquetFiles([file]), columns, [])) batches.push(batch);
  });
  return batches;
}
