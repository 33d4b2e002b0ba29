import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Batch, readBatches } from "../activities/scoring/batches.ts";
import { labelSql } from "../activities/scoring/score-holdout.ts";
import { loadModel, type LoadedModel } from "../inference/session.ts";
import { parquetFiles, withDuckDb } from "../tables/open-duckdb.ts";
import { bench } from "./support/bench.ts";
import { columns, trainFlights, writeFlights } from "./support/flights-model.ts";
import { paired, timed } from "./support/timing.ts";

const rows = Number(process.env["RELEARN_BENCH_ROWS"] ?? 1_000_000);
const trees = 200;
const threads = 2;

await bench("evaluate", async ({ report, say }) => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-bench-"));
  try {
    const [train, all] = [join(folder, "train.parquet"), join(folder, "rows.parquet")];
    say(`writes ${rows} rows and trains ${trees} trees ...`);
    await writeFlights(folder, 100_000, train);
    await writeFlights(folder, rows, all);
    const bytes = await readFile(await trainFlights(folder, train, 100_000, trees));
    const model = await loadModel(bytes, { columns, task: "binary", classes: 2 }, threads);
    const tensors = await allBatches(folder, all);
    say("scores ...");
    const perSecond = async (work: () => Promise<void>) => (rows / (await timed(work))) * 1_000;
    const taken = await paired(5, () => perSecond(() => score(folder, all, model)), () => perSecond(() => runAll(model, tensors)));
    report({
      figure: "rows scored, from Parquet to scores", unit: "rows/s", samples: taken.figure, limit: { name: "onnxruntime-node on tensors already in memory", samples: taken.limit },
      target: "at least 60 % of the limit", met: ({ ratio }) => (ratio ?? 0) >= 0.6, notes: [`${rows} rows of ${columns.length} columns, ${trees} trees, ${bytes.length} bytes, ${threads} threads`],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** As an evaluation does: decode, build tensors, run, keep label and score. */
async function score(folder: string, file: string, model: LoadedModel): Promise<void> {
  const [label, kept] = [new Float64Array(rows), new Float32Array(rows)];
  let at = 0;
  await withRows(folder, file, [labelSql({ column: "late", task: "binary", classes: ["0", "1"] })], async (batch) => {
    const scores = await model.run(batch.inputs, batch.rows);
    label.set(batch.extra[0]!, at);
    for (let row = 0; row < batch.rows; row++) kept[at + row] = scores[row * 2 + 1]!;
    at += batch.rows;
  });
}

async function runAll(model: LoadedModel, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await model.run(batch.inputs, batch.rows);
}

async function allBatches(folder: string, file: string): Promise<Batch[]> {
  const batches: Batch[] = [];
  await withRows(folder, file, [], async (batch) => void batches.push(batch));
  return batches;
}

async function withRows(folder: string, file: string, extra: readonly string[], work: (batch: Batch) => Promise<void>): Promise<void> {
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC", threads }, async (connection) => {
    for await (const batch of readBatches(connection, parquetFiles([file]), columns, extra)) await work(batch);
  });
}
