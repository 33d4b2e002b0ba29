import type { DuckDBConnection } from "@duckdb/node-api";
import type { Estimate } from "../../schemas/evaluation.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { oneNumber } from "../../tables/sql-check.ts";
import { missing } from "../../stats/metric-intervals.ts";
import { normalQuantile } from "../../stats/normal.ts";
import type { HoldoutRequest } from "./protocol.ts";
import type { Kept } from "./kept-rows.ts";

type Estimates = Record<string, Estimate>;
export interface CustomEstimates { readonly candidate: Estimates; readonly champion: Estimates; readonly difference: Estimates }

/** Rows fall into this many groups by their place; each is left out once. */
const groups = 20;

/**
 * The definition's own metrics: aggregate SQL over the holdout's columns and `score` (binary: of the positive class; multiclass:
 * the highest) or `value`. Intervals by the grouped jackknife (Shao and Tu 1995, section 2.3), paired for the difference.
 */
export async function customMetrics(connection: DuckDBConnection, from: string | null, kept: Kept, request: HoldoutRequest): Promise<CustomEstimates> {
  const all: CustomEstimates = { candidate: {}, champion: {}, difference: {} };
  if (request.metrics.length === 0) return all;
  if (from !== null) await storeScores(connection, kept, request);
  for (const { name, sql } of request.metrics) {
    const level = request.confidence[name] ?? 0.95;
    const each: Float64Array[] = [];
    for (let m = 0; m < kept.scores.length; m++) each.push(from === null ? new Float64Array(groups + 1).fill(Number.NaN) : await leaveOut(connection, from, name, sql, m, request));
    all.candidate[name] = jackknife(each[0]!, level);
    if (each[1] === undefined) continue;
    all.champion[name] = jackknife(each[1], level);
    all.difference[name] = jackknife(each[0]!.map((x, i) => x - each[1]![i]!), level);
  }
  return all;
}

/** The scores beside the rows' places, on DuckDB's side. */
async function storeScores(connection: DuckDBConnection, kept: Kept, { label }: HoldoutRequest): Promise<void> {
  await connection.run("create or replace temp table __scored (__place bigint, __m0 double, __m1 double)");
  const appender = await connection.createAppender("__scored");
  const width = label.task === "multiclass" ? label.classes!.length : 1;
  const scoreAt = (m: number, row: number) => (kept.scores[m] === undefined ? 0 : Math.max(...kept.scores[m].subarray(row * width, (row + 1) * width)));
  for (let row = 0; row < kept.rows; row++) {
    appender.appendBigInt(BigInt(row));
    appender.appendDouble(scoreAt(0, row));
    appender.appendDouble(scoreAt(1, row));
    appender.endRow();
  }
  appender.closeSync();
}

/** The metric over all rows, then over all rows but each group. */
async function leaveOut(connection: DuckDBConnection, from: string, name: string, sql: string, model: number, { label }: HoldoutRequest): Promise<Float64Array> {
  const scored = `(select rows.*, __m${model} as ${label.task === "regression" ? "value" : "score"}, __place from ${from} rows positional join __scored)`;
  const values = new Float64Array(groups + 1);
  const title = `metric "${name}"`;
  for (let g = -1; g < groups; g++) {
    // Not even two rows are read of what is no aggregate: of one row it would pass for the figure of them all.
    const rows = await namingSql(title, async () => (await connection.runAndReadAll(`select (${sql}\n)::double from ${scored} where ${g < 0 ? "true" : `__place % ${groups} <> ${g}`} limit 2`)).getRows() as [number | null][]);
    if (rows.length !== 1) throw new RelearnError("InvalidSql", `${title}: ${oneNumber}`);
    values[g + 1] = rows[0]![0] ?? Number.NaN;
  }
  return values;
}

/** Says in a failure whose SQL it was. */
export async function namingSql<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new RelearnError("InvalidSql", `${title}: ${(error as Error).message}`, { cause: error });
  }
}

function jackknife([value, ...left]: Float64Array, confidence: number): Estimate {
  if (value === undefined || !Number.isFinite(value)) return missing("it gives no number on these rows");
  const mean = left.reduce((sum, x) => sum + x, 0) / groups;
  const half = normalQuantile((1 + confidence) / 2) * Math.sqrt(((groups - 1) / groups) * left.reduce((sum, x) => sum + (x - mean) ** 2, 0));
  return Number.isFinite(half) ? { value, low: value - half, high: value + half, why: null } : { value, low: null, high: null, why: null };
}
