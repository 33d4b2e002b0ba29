import type { DuckDBConnection } from "@duckdb/node-api";
import type { InputValues, LoadedModel } from "../../inference/session.ts";
import type { NamedColumn } from "../../inference/signature.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { type Batch, readBatches } from "./batches.ts";
import type { ScoringReplies } from "./protocol.ts";

const warmUps = 20;
const rounds = 5;
const runsARound = 200;
const enoughMs = 100;
/** A slow model is not run any longer than this once it has been run often enough to speak of a p99 at all. */
const longestMs = 10_000;
const fewestRuns = 100;

/**
 * One-row latency over 200 runs (of a slow model fewer, never below 100), each on another of the sample's rows, and throughput on whole batches, after warm-up.
 * `peakBytes` is the most this process ever held (VmHWM): the model, the runtime, and the reader of the rows.
 */
export async function measureModel(connection: DuckDBConnection, model: LoadedModel, columns: readonly NamedColumn[], sample: string): Promise<ScoringReplies["measure"]> {
  const batch = await firstBatch(connection, columns, sample);
  const rowsPerSecond = await throughputOf(model, batch);
  const times = await latenciesOf(model, batch);
  return { latencyMs: { p50: quantile(times, 0.5), p99: quantile(times, 0.99), runs: times.length }, rowsPerSecond, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

async function firstBatch(connection: DuckDBConnection, columns: readonly NamedColumn[], sample: string): Promise<Batch> {
  for await (const batch of readBatches(connection, parquetFiles([sample]), columns, [])) return batch;
  return { rows: 0, inputs: new Map(), extra: [] };
}

/**
 * Times of the calmest of some rounds, sorted, in ms: what else the machine does can only add to a round's times, and is no
 * property of the model.
 */
async function latenciesOf(model: LoadedModel, batch: Batch): Promise<Float64Array> {
  if (batch.rows === 0) return Float64Array.of(Number.NaN);
  const end = performance.now() + longestMs;
  await oneRound(model, batch, warmUps, { end, fewest: 1 });
  const all = [await oneRound(model, batch, runsARound, { end, fewest: fewestRuns })];
  while (all.length < rounds && performance.now() < end) all.push(await oneRound(model, batch, runsARound, { end, fewest: fewestRuns }));
  return all.reduce((calmest, times) => (quantile(times, 0.99) < quantile(calmest, 0.99) ? times : calmest));
}

async function oneRound(model: LoadedModel, batch: Batch, runs: number, { end, fewest }: { readonly end: number; readonly fewest: number }): Promise<Float64Array> {
  const times: number[] = [];
  while (times.length < runs && (times.length < fewest || performance.now() < end)) {
    const row = oneRow(model, batch, times.length % batch.rows);
    const start = performance.now();
    await model.run(row, 1);
    times.push(performance.now() - start);
  }
  return Float64Array.from(times).sort();
}

const quantile = (sorted: Float64Array, share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;

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
