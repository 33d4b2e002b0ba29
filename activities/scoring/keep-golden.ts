import type { DuckDBConnection } from "@duckdb/node-api";
import { checkGolden, goldenRows, inputsOfGolden } from "../../inference/golden-rows.ts";
import type { InputValues, LoadedModel } from "../../inference/session.ts";
import { inputOf, type NamedColumn } from "../../inference/signature.ts";
import type { Golden, GoldenValue } from "../../schemas/golden.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { readBatches } from "./batches.ts";

/**
 * Some rows of the sample, evenly spread, and what the model makes of them. A row with an infinity, or of which the model makes no number, is left out, for JSON
 * says neither; what is private is replaced by what stands for null, or for nothing. Null where no row is left.
 * @throws RelearnError `ModelRefused` where a row's scores depend on the rows it is run with.
 */
export async function keepGolden(connection: DuckDBConnection, model: LoadedModel, columns: readonly NamedColumn[], sample: string): Promise<Golden | null> {
  for await (const { rows, inputs } of readBatches(connection, parquetFiles([sample]), columns, [])) {
    const chosen = Array.from({ length: Math.min(rows, goldenRows) }, (_, i) => Math.floor((i * rows) / Math.min(rows, goldenRows)));
    const written = columns.map((column) => ({ name: column.name, values: chosen.map((row) => goldenValue(column, inputs.get(column.name)!, row)) }));
    const made = await scored(model, written, chosen.length);
    if (made !== null) await checkGolden(model, made);
    return made;
  }
  return null;
}

interface Written { readonly name: string; readonly values: readonly (GoldenValue | undefined)[] }

async function scored(model: LoadedModel, written: readonly Written[], rows: number): Promise<Golden | null> {
  const sayable = keepRows(written, (row) => written.every(({ values }) => values[row] !== undefined), rows);
  const count = sayable[0]?.values.length ?? 0;
  if (count === 0) return null;
  const scores = await model.run(inputsOfGolden(model.inputs, sayable, count), count);
  const given = Array.from({ length: count }, (_, row) => [...scores.subarray(row * model.width, (row + 1) * model.width)]);
  const finite = (row: number): boolean => given[row]!.every(Number.isFinite);
  const kept: Golden = { version: 1, columns: keepRows(sayable, finite, count), scores: given.filter((_, row) => finite(row)) };
  return kept.scores.length === 0 ? null : kept;
}

const keepRows = (columns: readonly Written[], keeps: (row: number) => boolean, rows: number): Golden["columns"] => {
  const kept = Array.from({ length: rows }, (_, row) => row).filter(keeps);
  return columns.map(({ name, values }) => ({ name, values: kept.map((row) => values[row]!) }));
};

/** Undefined for what JSON cannot say. */
function goldenValue(column: NamedColumn, values: InputValues, row: number): GoldenValue | undefined {
  if (column.column.private === true) return nothing(column);
  const { width, type } = inputOf(column);
  if (column.column.type === "embedding") {
    const list = [...(values as Float32Array).subarray(row * width, (row + 1) * width)];
    return list.every(Number.isFinite) ? list : undefined;
  }
  const value = (values as readonly (string | bigint | number)[])[row]!;
  if (type === "string") return value as string;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return Number.isNaN(value) ? null : Number.isFinite(value) ? (value as number) : undefined;
}

function nothing({ column }: NamedColumn): GoldenValue {
  if ("nullable" in column && column.nullable) return null;
  if (column.type === "embedding") return Array.from({ length: column.size }, () => 0);
  return column.type === "category" || column.type === "text" ? "" : 0;
}
