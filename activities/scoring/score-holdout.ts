import type { DuckDBConnection } from "@duckdb/node-api";
import type { LoadedModel } from "../../inference/session.ts";
import type { NamedColumn } from "../../inference/signature.ts";
import type { HoldoutEvaluation } from "../../schemas/evaluation.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { id, quote } from "../../tables/quote.ts";
import { readBatches } from "./batches.ts";
import type { Kept } from "./kept-rows.ts";
import { namingSql } from "./custom-metrics.ts";
import type { HoldoutRequest, LabelOf, PeoplesSql, ScoredModel } from "./protocol.ts";
import { summarise } from "./summarise.ts";

export interface HoldoutScoring {
  /** Scores for about a second, by every model in one pass. */
  step(): Promise<{ readonly rows: number; readonly done: boolean }>;
  finish(): Promise<HoldoutEvaluation>;
}

const stepMs = 1_000;

const insideSql = (sql: string): string => `coalesce((${sql}\n)::boolean, false)::integer`;

/** @throws RelearnError `InvalidSql` naming the slice when it is no condition on a row, or fails on one. */
export async function trySlice(connection: DuckDBConnection, files: readonly string[], { title, sql }: PeoplesSql): Promise<null> {
  await namingSql(title, () => connection.run(`select sum(${insideSql(sql)}) from ${parquetFiles(files)}`));
  return null;
}

export async function beginHoldout(connection: DuckDBConnection, models: readonly LoadedModel[], described: readonly ScoredModel[], request: HoldoutRequest): Promise<HoldoutScoring> {
  const from = request.files.length === 0 ? null : parquetFiles(request.files);
  const columns = unionOf(described);
  const slices = Object.values(request.slices).map(insideSql);
  const batches = from === null ? null : readBatches(connection, from, columns, [labelSql(request.label), ...slices]);
  const size = request.label.classes?.length ?? 1;
  const kept: Kept = {
    rows: 0, label: new Float64Array(request.rows), scores: models.map(() => new Float32Array(request.rows * (size === 2 ? 1 : size))), slices: slices.map(() => new Uint8Array(request.rows)),
  };
  const placings = described.map((model) => placingOf(model, request.label));
  return {
    step: async () => {
      const start = performance.now();
      while (performance.now() - start < stepMs) {
        const next = await batches?.next();
        if (next === undefined || next.done === true) return { rows: kept.rows, done: true };
        const { rows, inputs, extra: [label, ...inSlices] } = next.value;
        if (kept.rows + rows > request.rows) throw new RelearnError("Corrupt", `holdout ${request.holdout} has more rows than the ${request.rows} of its snapshot`);
        kept.label.set(label!, kept.rows);
        inSlices.forEach((slice, s) => kept.slices[s]!.set(slice, kept.rows));
        for (const [m, model] of models.entries()) placings[m]!(await model.run(inputs, rows), kept.scores[m]!, kept.rows, rows);
        kept.rows += rows;
      }
      return { rows: kept.rows, done: false };
    },
    finish: async () => {
      if (kept.rows !== request.rows) throw new RelearnError("Corrupt", `holdout ${request.holdout} has ${kept.rows} rows where its snapshot says ${request.rows}`);
      return summarise(connection, from, kept, request);
    },
  };
}

/** Every column that one of the models needs, once. */
function unionOf(described: readonly ScoredModel[]): readonly NamedColumn[] {
  return [...new Map(described.flatMap(({ columns }) => columns).map((column) => [column.name, column])).values()];
}

/** The label as a number: a regression's value, or the place of the class; -1 for a class that is not known. */
export function labelSql({ column, task, classes }: LabelOf): string {
  if (task === "regression") return `coalesce(${id(column)}::double, 'NaN'::double)`;
  return `coalesce(list_position([${(classes ?? []).map(quote).join(", ")}], ${id(column)}::varchar), 0) - 1`;
}

type Placing = (scores: ArrayLike<number>, into: Float32Array, at: number, rows: number) => void;

/** Puts a model's scores where the evaluation's classes are: a class the model does not know has probability 0. */
function placingOf(model: ScoredModel, label: LabelOf): Placing {
  const classes = label.classes;
  if (classes === null || model.classes === null) return (scores, into, at) => into.set(scores, at);
  const places = classes.map((name) => model.classes!.indexOf(name));
  const from = model.classes.length;
  const kept = classes.length === 2 ? [places[1]!] : places;
  return (scores, into, at, rows) => {
    for (let row = 0; row < rows; row++) for (let k = 0; k < kept.length; k++) into[(at + row) * kept.length + k] = kept[k]! < 0 ? 0 : scores[row * from + kept[k]!]!;
  };
}
