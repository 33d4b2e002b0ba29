import { rm, writeFile } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { parquetFiles } from "./open-duckdb.ts";
import { type PlainColumn, plainParquet } from "./plain-parquet.ts";
import { id, quote } from "./quote.ts";

/** A column of the file, as SQL over the columns that are given. */
export interface WrittenColumn { readonly name: string; readonly sql: string }

/**
 * Writes rows that lie in memory as one compressed Parquet file, in their order: the same rows give the same bytes. Needs one thread of DuckDB.
 * @param metadata kept in the file's footer, as text by name.
 */
export async function writeParquet(connection: DuckDBConnection, given: readonly PlainColumn[], rows: number, columns: readonly WrittenColumn[], to: string, metadata: Readonly<Record<string, string>>): Promise<void> {
  const plain = `${to}.plain`;
  await writeFile(plain, plainParquet(given, rows));
  const kept = Object.entries(metadata).map(([name, text]) => `${name}: ${quote(text)}`);
  await connection.run(`copy (select ${columns.map(({ name, sql }) => `${sql} as ${id(name)}`).join(", ")} from ${parquetFiles([plain])}) to ${quote(to)} (format parquet, compression zstd, row_group_size 122880, kv_metadata {${kept.join(", ")}})`);
  await rm(plain);
}
