import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBatches } from "../activities/scoring/batches.ts";
import type { InputBatch, ModelContract, ModelProcess } from "../inference/contract.ts";
import { startModelProcess } from "../inference/model-process.ts";
import { type InputValues, type LoadedModel, loadModel } from "../inference/session.ts";
import { inputOf } from "../inference/signature.ts";
import { parquetFiles, withDuckDb } from "../tables/open-duckdb.ts";
import { bench, type Bench } from "./support/bench.ts";
import { columns, trainFlights, writeFlights } from "./support/flights-model.ts";
import { paired, timed } from "./support/timing.ts";

const trees = 200;
const rounds = 7;
const inputs = columns.map(inputOf);
/** What the hop to another process and back may add to one row's score. */
const hopUs = 80;

await bench("serve-model", async ({ report, say }) => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-bench-"));
  try {
    const train = join(folder, "train.parquet");
    say(`trains ${trees} trees ...`);
    await writeFlights(folder, 100_000, train);
    const path = await trainFlights(folder, train, 100_000, trees);
    const bytes = await readFile(path);
    const [rows, session] = [await oneRowBatches(folder, train), await loadModel(bytes, { columns, task: "binary", classes: 2 }, 1)];
    const contract: ModelContract = { model: "flights", v: 1, digest: createHash("sha256").update(bytes).digest("hex"), columns, inputs, task: "binary", classes: ["0", "1"] };
    const model = await startModelProcess({ path, contract, golden: null });
    say("scores ...");
    try {
      await measure(rows, session, model, [`${columns.length} columns, ${trees} trees, ${bytes.length} bytes, 1 thread, no HTTP`], report);
    } finally {
      await model.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function measure(rows: readonly InputBatch[], session: LoadedModel, model: ModelProcess, notes: readonly string[], report: Bench["report"]): Promise<void> {
  const limit = { name: "the session called in this process, row by row" };
  const one = await paired(rounds, () => usARow(1, 4_000, rows, model), () => bareUs(4_000, rows, session));
  report({
    figure: "one row's score, one caller", unit: "us", samples: one.figure, limit: { ...limit, samples: one.limit }, notes,
    target: `at most ${hopUs} us above the limit`, met: ({ median, limit: bare }) => median - (bare?.median ?? 0) <= hopUs,
  });
  const many = await paired(rounds, async () => 1e6 / (await usARow(64, 40_000, rows, model)), async () => 1e6 / (await bareUs(4_000, rows, session)));
  report({ figure: "one-row requests, 64 callers", unit: "rows/s", samples: many.figure, limit: { ...limit, samples: many.limit }, notes, target: "at least 3x the limit", met: ({ ratio }) => (ratio ?? 0) >= 3 });
}

/** Callers that each ask again as soon as they are answered. */
async function usARow(callers: number, requests: number, rows: readonly InputBatch[], model: ModelProcess): Promise<number> {
  let asked = 0;
  const call = async (): Promise<void> => {
    while (asked < requests) await model.score(rows[asked++ % rows.length]!, performance.now() + 10_000);
  };
  return ((await timed(() => Promise.all(Array.from({ length: callers }, call)))) / requests) * 1_000;
}

async function bareUs(requests: number, rows: readonly InputBatch[], session: LoadedModel): Promise<number> {
  const taken = await timed(async () => {
    for (let i = 0; i < requests; i++) await session.run(named(rows[i % rows.length]!), 1);
  });
  return (taken / requests) * 1_000;
}

function named({ columns: values }: InputBatch): Map<string, InputValues> {
  return new Map(inputs.map(({ name }, i) => [name, values[i]!]));
}

async function oneRowBatches(folder: string, file: string): Promise<InputBatch[]> {
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    for await (const { inputs: values } of readBatches(connection, parquetFiles([file]), columns, [])) {
      return Array.from({ length: 1_000 }, (_, row) => ({ rows: 1, columns: inputs.map(({ name, width }) => values.get(name)!.slice(row * width, (row + 1) * width)) }));
    }
    throw new Error("there are no rows");
  });
}
