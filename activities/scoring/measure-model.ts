import type { DuckDBConnection } from "@duckdb/node-api";
import type { InputValues, LoadedModel } from "../../inference/session.ts";
import type { NamedColumn } from "../../inference/signature.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { type Batch, readBatches } from "./batches.ts";
import type { ScoringReplies } from "./protocol.ts";

const warmUps = 20;
const fewestRuns = 200;
const enoughMs = 300;

/**
 * One-row latency over at least 200 runs, each on another of the sample's rows, and throughput on whole batches, after warm-up.
 * `peakBytes` is the most this process ever held (VmHWM): the model, the runtime, and the reader of the rows.
 */
export async function measureModel(connection: DuckDBConnection, model: LoadedModel, columns: readonly NamedColumn[], sample: string): Promise<ScoringReplies["measure"]> {
  const batch = await firstBatch(connection, columns, sample);
  const rowsPerSecond = await throughputOf(model, batch);
  const times = await latenciesOf(model, batch);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
  return { latencyMs: { p50: at(0.5), p99: at(0.99), runs: times.length }, rowsPerSecond, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

async function firstBatch(connection: DuckDBConnection, columns: readonly NamedColumn[], sample: string): Promise<Batch> {
  for await (const batch of readBatches(connection, parquetFiles([sample]), columns, [])) return batch;
  return { rows: 0, inputs: new Map(), extra: [] };
}

async function latenciesOf(model: LoadedModel, batch: Batch): Promise<Float64Array> {
  if (batch.rows === 0) return Float64Array.of(Number.NaN);
  const times: number[] = [];
  for (let run = -warmUps; run < fewestRuns || (sum(times) < enoughMs && run < 2_000); run++) {
    const row = oneRow(model, batch, (run + warmUps) % batch.rows);
    const start = performance.now();
    await model.run(row, 1);
    if (run >= 0) times.push(performance.now() - start);
  }
  return Float64Array.from(times).sort();
}

const sum = (times: readonly number[]): number => times.reduce((all, one) => all + one, 0);

function oneRow(model: LoadedModel, batch: Batch, row: number): Map<string, InputValues> {
  return new Map(model.inputs.map(({ name, width }) => [name, batch.inputs.get(name)!.slice(row * width, (row + 1) * width)]));
}

async function throughputOf(model: LoadedModel, batch: Batch): Promise<number> {
  if (batch.rows === 0) return 0;
  await model.run(batch.inputs, batch.rows);
  const start = performance.now();
  let rows = 0;
  while (performance.now() - start < enoughMs) {
    await model.run(batch.inputs, batch.rows);
    rows += batch.rows;
  }
  return (rows / (performance.now() - start)) * 1000;
}
