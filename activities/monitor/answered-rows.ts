import type { Answers } from "../../schemas/base-window.ts";
import type { Numbers, ScoredRows } from "../../stats/scored-rows.ts";
import { heldLabelsSql } from "../../tables/held-labels-sql.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import type { WatchedVersion } from "./watched-version.ts";
import { sliceColumn } from "./window-answers.ts";

export interface AnsweredRequest {
  /** Folder for what does not fit into memory. */
  readonly spill: string;
  /** Local files of the span's answers, oldest first, with the slices that any of them tells. */
  readonly answers: readonly string[];
  readonly slices: Answers["slices"];
  /** Local files of feedback. */
  readonly said: readonly string[];
  readonly outputs: WatchedVersion["manifest"]["outputs"];
  readonly signal: AbortSignal;
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

/** Joins answers with the labels that hold for them. */
export async function answeredRows({ spill, answers, slices, said, outputs, signal }: AnsweredRequest): Promise<Answered> {
  const width = outputs.task === "multiclass" ? outputs.classes!.length : 1;
  if (answers.length === 0) return laidOut(Array.from({ length: 2 + width }, () => []), { rows: 0, width, slices: [], outputs });
  return withDuckDb({ spill, timezone: "UTC", memoryMegabytes: 512, signal }, async (connection) => {
    await connection.run(`create temp table answers as select row_number() over (order by "at", prediction_id, "row") as n, * from ${parquetFiles(answers, ", union_by_name = true")}`);
    const [[rows]] = (await connection.runAndReadAll("select count(*)::double from answers")).getRows() as [[number]];
    const columns = (await connection.runAndReadAll(joinSql(said, slices, outputs, Math.max(1, Math.ceil(rows / mostRows))))).getColumns() as Columns;
    return laidOut(columns, { rows, width, slices, outputs });
  });
}

function joinSql(said: readonly string[], slices: readonly string[], { task, classes }: AnsweredRequest["outputs"], every: number): string {
  const label = task === "regression" ? "l.value" : `list_position([${(classes ?? []).map(quote).join(", ")}], l.label) - 1`;
  const scores = task === "regression" ? ["a.value"] : task === "binary" ? ["a.score[len(a.score)]"] : (classes ?? []).map((_, k) => `a.score[${k + 1}]`);
  const picked = [`(${label})::double`, `epoch(l.received_at) - epoch(a."at")`, ...scores, ...slices.map((slice) => `a.${sliceColumn(slice)}`)];
  const labels = `select * from (${heldLabelsSql(said, "prediction_id in (select prediction_id from answers)")})`;
  return `select ${picked.map((one, i) => `${one} as c${i}`).join(", ")} from answers a left join (${labels}) l on l.prediction_id = a.prediction_id and l."row" = a."row" where (a.n - 1) % ${every} = 0 order by a.n`;
}

type Columns = readonly (readonly (number | boolean | null)[])[];
interface Layout { readonly rows: number; readonly width: number; readonly slices: readonly string[]; readonly outputs: AnsweredRequest["outputs"] }

/** @param columns label, delay, scores, slices */
function laidOut(columns: Columns, { rows, width, slices, outputs }: Layout): Answered {
  const labels = columns[0] as readonly (number | null)[];
  const at = labels.flatMap((label, i) => (label === null || !Number.isFinite(label) ? [] : [i]));
  const scoreOf = (chosen: readonly number[]): Float64Array => Float64Array.from({ length: chosen.length * width }, (_, i) => Number(columns[2 + (i % width)]?.[chosen[Math.floor(i / width)]!] ?? NaN));
  return {
    rows, scores: width === 1 ? scoreOf(labels.map((_, i) => i)).filter(Number.isFinite) : new Float64Array(0), labelled: scoredRows(outputs, at.map((i) => labels[i] as number), scoreOf(at)),
    slices: new Map(slices.map((name, s) => [name, Uint32Array.from(at.flatMap((i, place) => (columns[2 + width + s]?.[i] === true ? [place] : [])))])),
    delays: Float64Array.from(at, (i) => Math.max(0, Number(columns[1]?.[i] ?? 0))),
  };
}

function scoredRows({ task, classes }: AnsweredRequest["outputs"], label: readonly number[], score: Float64Array): ScoredRows {
  if (task === "binary") return { task, label: Uint8Array.from(label), score };
  return task === "regression" ? { task, label: Float64Array.from(label), score } : { task, classes: classes!.length, label: Int32Array.from(label), score };
}
