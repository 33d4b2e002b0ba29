import type { Column } from "../schemas/column.ts";
import type { Window } from "../schemas/time.ts";
import { predictionsSql } from "./read-predictions.ts";
import { id, quote } from "./quote.ts";

export interface ServedColumn { readonly name: string; readonly column: Column }

/**
 * A feature of the log as the training data has it. A model takes a number as float32, and 0.7 is none: the shortest decimal that is the same float
 * gives 0.7 again, so that a value that comes back often falls into the bucket in which the training data counted it.
 */
export function servedValue({ name, column }: ServedColumn): string {
  const served = id(`in_${name}`);
  return column.type === "number" && !column.wide ? `(${served}::float::varchar)::double` : served;
}

/** The figure of a row's answer: the score of class 1, or the highest of several, or the value. Null where there is none. */
export function answerSql(task: "binary" | "multiclass" | "regression"): string {
  if (task === "regression") return "value";
  return task === "binary" ? "score[len(score)]" : "list_max(score)";
}

/**
 * The rows that one version was asked about in a window: its features under their own names, then `others` of the log's columns, by name, where no feature is called
 * the same.
 */
export const servedRows = (files: readonly string[], window: Window, v: number, columns: readonly ServedColumn[], others: Readonly<Record<string, string>> = {}): string =>
  servedRowsOf(`(${predictionsSql(files, window)})`, v, columns, others);

/** The same of what stands in a FROM: rows of the prediction log. */
export function servedRowsOf(source: string, v: number, columns: readonly ServedColumn[], others: Readonly<Record<string, string>> = {}): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const picked = [
    ...columns.map((one) => `${servedValue(one)} as ${id(one.name)}`),
    ...Object.entries(others).filter(([name]) => !taken.has(name)).map(([name, sql]) => `${sql} as ${id(name)}`),
  ];
  return `select ${picked.join(", ") || "1 as nothing"} from ${source} where v = ${v}`;
}

/** The names of all columns that any of these files has. */
export const columnNamesSql = (files: readonly string[]): string => `select distinct name from parquet_schema([${files.map(quote).join(", ")}])`;
