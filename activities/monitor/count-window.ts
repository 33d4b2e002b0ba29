import type { DuckDBConnection } from "@duckdb/node-api";
import type { BaseWindow, OutputCounts } from "../../schemas/base-window.ts";
import type { Frame, NumberFrame, Sketch } from "../../schemas/sketch.ts";
import type { Window } from "../../schemas/time.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { id } from "../../tables/quote.ts";
import { predictionsSql } from "../../tables/read-predictions.ts";
import { answerSql, type ServedColumn, servedRowsOf } from "../../tables/served-sql.ts";
import { sketchPartitions } from "../../tables/sketch-partition.ts";
import type { WatchedVersion } from "./watched-version.ts";

/** The prediction log's rows of one window, as local files. */
export interface ServedWindow {
  readonly connection: DuckDBConnection;
  readonly files: readonly string[];
  readonly window: Window;
  /** Its rows, to stand in a FROM. */
  readonly source: string;
}

/** A log has many small files, and each look at them costs more than their rows: up to so many bytes they are read once. */
const heldBytes = 64 * 2 ** 20;

/** @param bytes of the files */
export async function openServed(connection: DuckDBConnection, files: readonly string[], window: Window, bytes: number): Promise<ServedWindow> {
  if (files.length === 0 || bytes > heldBytes) return { connection, files, window, source: files.length === 0 ? "(select 1 where false)" : `(${predictionsSql(files, window)})` };
  await connection.run(`create or replace temp table __log as ${predictionsSql(files, window)}`);
  return { connection, files, window, source: "__log" };
}

export type Served = Pick<BaseWindow, "v" | "digest" | "rows" | "requests" | "errors" | "latency" | "newest" | "ids">;
export type Counted = Pick<BaseWindow, "features" | "outOfRange" | "withheld" | "output">;

/** Categories of a model's answers that are counted one by one. */
const mostLabels = 1_000;

/** Every version that has rows in the window, and how it served: one line a request, which is its row 0. */
export async function servedVersions({ connection, files, source }: ServedWindow): Promise<Served[]> {
  if (files.length === 0) return [];
  const quantiles = [0.5, 0.95, 0.99].map((q, i) => `quantile_cont(latency_ms, ${q}) filter ("row" = 0) as q${i}`).join(", ");
  const reader = await connection.runAndReadAll(`select v, digest, count(*)::int as n, (count(*) filter ("row" = 0))::int as requests, (count(*) filter ("row" = 0 and error is not null))::int as errors, ${quantiles},
    strftime(max("at") at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') as newest, min(prediction_id) as first, max(prediction_id) as last from ${source} group by all order by all`);
  return reader.getRowObjectsJson().map((row): Served => {
    const [p50, p95, p99] = [0, 1, 2].map((i) => row[`q${i}`] as number | null);
    return {
      v: row["v"] as number, digest: row["digest"] as string, rows: row["n"] as number, requests: row["requests"] as number, errors: row["errors"] as number,
      latency: p50 == null || p95 == null || p99 == null ? null : { p50, p95, p99 },
      newest: row["newest"] as string, ids: { first: row["first"] as string, last: row["last"] as string },
    };
  });
}

/** Counts what a version was asked and what it answered. @param label column that it predicts */
export async function countVersion(served: ServedWindow, { v, manifest, frame, reference }: WatchedVersion, label: string): Promise<Counted> {
  const there = await columnNames(served);
  const columns = manifest.inputs.filter(({ name }) => there.has(`in_${name}`) && name in frame.frame.columns);
  const withheld = manifest.inputs.filter(({ column }) => column.private === true).map(({ name }) => name);
  const kept: Frame = { ...frame.frame, columns: Object.fromEntries(columns.map(({ name }) => [name, frame.frame.columns[name]!])) };
  return {
    features: await sketchOf(served, kept, servedRowsOf(served.source, v, columns)),
    outOfRange: await outOfRange(served, v, columns, reference),
    output: await countOutput(served, v, manifest.outputs.task, valueFrame(frame.frame, label)),
    withheld,
  };
}

async function columnNames({ connection, source }: ServedWindow): Promise<ReadonlySet<string>> {
  return new Set((await connection.runAndReadAll(`select column_name from (describe select * from ${source})`)).getRows().map(([name]) => String(name)));
}

async function sketchOf({ connection }: ServedWindow, frame: Frame, sql: string): Promise<Sketch> {
  return (await sketchPartitions(connection, frame, `(select *, 0 as __part from (${sql}))`, "__part")).get(0) ?? mergeSketches([]);
}

/** Limits as declared; where a side has none, what the training data held. */
export function limitsOf({ name, column }: ServedColumn, reference: Sketch): { readonly low: number; readonly high: number } | null {
  if (column.type !== "number" && column.type !== "integer") return null;
  const known = reference.columns[name];
  const low = column.min ?? (known?.kind === "number" ? known.min : null);
  const high = column.max ?? (known?.kind === "number" ? known.max : null);
  return low === null || high === null ? null : { low, high };
}

async function outOfRange({ connection, source }: ServedWindow, v: number, columns: readonly ServedColumn[], reference: Sketch): Promise<Record<string, number>> {
  const limited = columns.flatMap((one) => {
    const limits = limitsOf(one, reference);
    return limits === null ? [] : [{ ...one, ...limits }];
  });
  if (limited.length === 0) return {};
  const counts = limited.map(({ name, low, high }) => `(count(*) filter (${id(name)} < ${low}::double or ${id(name)} > ${high}::double))::int`);
  const [row = []] = (await connection.runAndReadAll(`select ${counts.join(", ")} from (${servedRowsOf(source, v, limited)})`)).getRows();
  return Object.fromEntries(limited.map(({ name }, i) => [name, Number(row[i])]));
}

/** A regression's values are counted like the label that they stand for, which the frame has among its columns. */
function valueFrame({ columns }: Frame, label: string): NumberFrame {
  const known = columns[label];
  return known?.kind === "number" ? { ...known, discrete: false } : { kind: "number", center: 0, scale: 1, discrete: false };
}

type Task = WatchedVersion["manifest"]["outputs"]["task"];

async function countOutput(served: ServedWindow, v: number, task: Task, frame: NumberFrame): Promise<OutputCounts> {
  const answer = answerSql(task);
  const rows = servedRowsOf(served.source, v, [], { a: `case when isfinite(${answer}) then ${answer} end`, label: "label" });
  const confidence = task === "regression" ? "0" : task === "binary" ? "greatest(a, 1 - a)" : "a";
  const tenths = Array.from({ length: 10 }, (_, i) => `(count(*) filter (least(9, greatest(0, floor(a * 10))) = ${i}))::int`);
  const [row = []] = (await served.connection.runAndReadAll(`select count(a)::int, (count(*) - count(a))::int, coalesce(sum(a), 0)::double, coalesce(sum(${confidence}), 0)::double, ${tenths.join(", ")} from (${rows})`)).getRows();
  const labels = task === "regression" ? [] : (await served.connection.runAndReadAll(`select label, count(*)::int from (${rows}) where label is not null group by 1 order by 2 desc, 1 limit ${mostLabels}`)).getRows();
  const values = task === "regression" ? (await sketchOf(served, { version: 1, pipeline: "", timezone: "UTC", columns: { a: frame } }, rows)).columns["a"] : null;
  return {
    count: Number(row[0]), nulls: Number(row[1]), sum: Number(row[2]), confidence: Number(row[3]), tenths: task === "regression" ? [] : row.slice(4).map(Number),
    labels: Object.fromEntries(labels.map(([label, n]) => [String(label), Number(n)])), values: values ?? null,
  };
}

