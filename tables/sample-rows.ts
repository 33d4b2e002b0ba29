import type { DuckDBConnection } from "@duckdb/node-api";
import type { PreparedColumn } from "./prepared-columns.ts";
import { parquetFiles } from "./open-duckdb.ts";
import { parquetOptions } from "./partition-rows.ts";
import { id, quote } from "./quote.ts";

/** A category no training data holds. */
export const unseenValue = "__unseen__";

/** Rows that show each column's null, and each string column's unseen value. */
const rowsPerVariant = 20;

/**
 * Writes the rows on which trainer and onnxruntime must agree: the same on every run, at most `most` of the accepted rows
 * chosen by the hash of their values, among them some with each nullable column null and each string column unseen.
 * @param columns the model's inputs, in order; the sample holds nothing else.
 * @returns the number of rows written; 0 writes an empty file.
 */
export async function sampleRows(connection: DuckDBConnection, files: readonly string[], columns: readonly PreparedColumn[], most: number, to: string): Promise<number> {
  const names = columns.map(({ name }) => id(name));
  const variants = columns.flatMap(({ name, column }) => variantsOf(name, column));
  const chosen = Math.max(1, most - variants.length * rowsPerVariant);
  const hash = `md5(concat_ws(chr(31), ${names.map((name) => `coalesce(${name}::varchar, chr(30))`).join(", ")}))`;
  await connection.run(`create or replace temp table chosen as select row_number() over (order by __h, __file, __row) as __n, ${names.join(", ")}
    from (select ${names.join(", ")}, ${hash} as __h, parse_filename(__path) as __file, file_row_number as __row from ${parquetFiles(files, ", filename = '__path', file_row_number = true")} order by __h, __file, __row limit ${chosen})`);
  const parts = [`select 0 as __variant, __n, ${names.join(", ")} from chosen`, ...variants.map((replaced, i) => variantSql(names, replaced, i + 1))];
  await connection.run(`copy (select ${names.join(", ")} from (${parts.join(" union all ")}) order by __variant, __n) to ${quote(to)} ${parquetOptions}`);
  const [row] = (await connection.runAndReadAll(`select count(*)::double from ${parquetFiles([to])}`)).getRows();
  return Number(row?.[0] ?? 0);
}

interface Variant {
  readonly column: string;
  readonly value: string;
}

function variantsOf(name: string, column: PreparedColumn["column"]): Variant[] {
  const strings = column.type === "category" || column.type === "text";
  const nullable = "nullable" in column && column.nullable;
  return [...(nullable ? [{ column: id(name), value: "null" }] : []), ...(strings ? [{ column: id(name), value: quote(unseenValue) }] : [])];
}

function variantSql(names: readonly string[], { column, value }: Variant, turn: number): string {
  const cells = names.map((name) => (name === column ? `${value} as ${name}` : name));
  return `select ${turn}, __n, ${cells.join(", ")} from chosen where __n <= ${rowsPerVariant}`;
}
