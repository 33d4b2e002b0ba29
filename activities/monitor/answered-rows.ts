import { join } from "node:path";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";
import type { Numbers, ScoredRows } from "../../stats/scored-rows.ts";
import { heldLabelsSql } from "../../tables/held-labels-sql.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import { columnNamesSql, servedRows } from "../../tables/served-sql.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { WatchedVersion } from "./watched-version.ts";

export interface AnsweredRequest {
  readonly sandbox: Sandbox;
  /** The sandbox's own. */
  readonly folder: string;
  /** Files of predictions, and of feedback. */
  readonly asked: readonly string[];
  readonly said: readonly string[];
  readonly over: Window;
  readonly definition: Definition;
  readonly version: WatchedVersion;
}

/** What a version answered in a span, in the order of time. */
export interface Answered {
  /** All that callers were answered. */
  readonly rows: number;
  /** Of all of them: the score of class 1, of the predicted class, or the value. */
  readonly scores: Numbers;
  /** Those that have their label. */
  readonly labelled: ScoredRows;
  /** Places in `labelled` of each slice's rows. */
  readonly slices: ReadonlyMap<string, Uint32Array>;
  /** Seconds from prediction to receipt of the label that holds. */
  readonly delays: Numbers;
}

/** More rows than this are thinned, evenly, the same ones each time: no figure gets better by them. */
const mostRows = 200_000;

/** Joins answers with the labels that hold for them. A copy to a shadow and a failure are no answers. */
export async function answeredRows(request: AnsweredRequest): Promise<Answered> {
  if (request.asked.length === 0) return { rows: 0, scores: new Float64Array(0), labelled: emptyRows(request.version), slices: new Map(), delays: new Float64Array(0) };
  const { slices, file } = await joinLabels(request);
  return readJoined(request, file, slices);
}

function emptyRows({ manifest: { outputs } }: WatchedVersion): ScoredRows {
  const score = new Float64Array(0);
  if (outputs.task === "binary") return { task: "binary", label: new Uint8Array(0), score };
  return outputs.task === "regression" ? { task: "regression", label: score, score } : { task: "multiclass", classes: outputs.classes!.length, label: new Int32Array(0), score };
}

/** In the sandbox, because slices are people's SQL. @returns the slices that could be told, in the order of their columns */
async function joinLabels({ sandbox, folder, asked, said, over, definition, version: { v, manifest, digest } }: AnsweredRequest): Promise<{ readonly slices: readonly string[]; readonly file: string }> {
  const there = new Set((await sandbox.run("the prediction log", columnNamesSql(asked))).map(({ name }) => String(name)));
  const columns = manifest.inputs.filter(({ name }) => there.has(`in_${name}`));
  const others = { __id: "prediction_id", __row: `"row"`, __at: `"at"`, __score: "score", __value: "value", __variant: "variant", __error: "error", __digest: "digest" };
  const rows = `(select * from (${servedRows(asked, over, v, columns, others)}) where __variant <> 'shadow' and __error is null and __digest = ${quote(digest)})`;
  await sandbox.run("the prediction log", [`create or replace temp view __answers as select * from ${rows}`, `create or replace temp view __labels as ${heldLabelsSql(said)}`]);
  const known = await tellable(sandbox, definition.slices);
  const { task, classes } = manifest.outputs;
  const label = task === "regression" ? "l.value" : `list_position([${(classes ?? []).map(quote).join(", ")}], l.label) - 1`;
  const file = join(folder, "joined.parquet");
  const picked = [`(${label})::double as __y`, "epoch(l.received_at) - epoch(a.__at) as __delay", "a.__score", "a.__value", ...known.map(([, sql], i) => `coalesce((${sql}\n), false)::boolean as __s${i}`)];
  const joined = `select ${picked.join(", ")} from __answers a left join __labels l on l.prediction_id = a.__id and l."row" = a.__row order by a.__at, a.__id, a.__row`;
  await sandbox.run("the answers and their labels", `copy (${joined}) to ${quote(file)} (format parquet)`);
  return { slices: known.map(([name]) => name), file };
}

/** A slice by a column that is no feature, or is not logged, cannot be told of served rows. */
async function tellable(sandbox: Sandbox, slices: Readonly<Record<string, string>>): Promise<(readonly [string, string])[]> {
  const known: (readonly [string, string])[] = [];
  for (const [name, sql] of Object.entries(slices)) {
    const title = `slice ${JSON.stringify(name)}`;
    const isKnown = await sandbox.checkExpression(title, sql).then(() => sandbox.bind(title, `select (${sql}\n) as s from __answers a`)).then(() => true, (error: { type?: string }) => {
      if (error.type !== "InvalidSql" && error.type !== "SqlLimit") throw error;
      return false;
    });
    if (isKnown) known.push([name, sql]);
  }
  return known;
}

async function readJoined({ folder, version: { manifest: { outputs } } }: AnsweredRequest, file: string, slices: readonly string[]): Promise<Answered> {
  const { task } = outputs;
  const width = task === "multiclass" ? outputs.classes!.length : 1;
  const scores = task === "regression" ? ["__value"] : task === "binary" ? ["__score[len(__score)]"] : Array.from({ length: width }, (_, k) => `__score[${k + 1}]`);
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC", memoryMegabytes: 512 }, async (connection) => {
    const [[n]] = (await connection.runAndReadAll(`select count(*)::double from ${parquetFiles([file])}`)).getRows() as [[number]];
    const every = Math.max(1, Math.ceil(n / mostRows));
    const sql = `select ${["__y", "__delay", ...scores, ...slices.map((_, i) => `__s${i}`)].map((one, i) => `${one} as c${i}`).join(", ")} from ${parquetFiles([file], ", file_row_number = true")} where file_row_number % ${every} = 0 order by file_row_number`;
    const columns = (await connection.runAndReadAll(sql)).getColumns() as (number | boolean | null)[][];
    const labels = columns[0] as (number | null)[];
    const at = labels.flatMap((label, i) => (label === null || !Number.isFinite(label) ? [] : [i]));
    const scoreOf = (rows: readonly number[]): Float64Array => Float64Array.from({ length: rows.length * width }, (_, i) => Number(columns[2 + (i % width)]?.[rows[Math.floor(i / width)]!] ?? NaN));
    const label = at.map((i) => labels[i] as number);
    return {
      rows: n, scores: width === 1 ? scoreOf(labels.map((_, i) => i)).filter(Number.isFinite) : new Float64Array(0), labelled: scoredRows(outputs, label, scoreOf(at)),
      slices: new Map(slices.map((name, s) => [name, Uint32Array.from(at.flatMap((i, place) => (columns[2 + width + s]?.[i] === true ? [place] : [])))])),
      delays: Float64Array.from(at, (i) => Math.max(0, Number(columns[1]?.[i] ?? 0))),
    };
  });
}

function scoredRows({ task, classes }: WatchedVersion["manifest"]["outputs"], label: readonly number[], score: Float64Array): ScoredRows {
  if (task === "binary") return { task, label: Uint8Array.from(label), score };
  return task === "regression" ? { task, label: Float64Array.from(label), score } : { task, classes: classes!.length, label: Int32Array.from(label), score };
}
