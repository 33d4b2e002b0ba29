import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue } from "@duckdb/node-api";
import { id, quote } from "./quote.ts";

export interface ColumnValues {
  readonly name: string;
  readonly type: DuckDBType;
  /** One a row; null where there is none. */
  readonly values: readonly DuckDBValue[];
  /** SQL that makes the column of `x`, the value as it was given; absent: the value itself. */
  readonly as?: string;
}

const chunkRows = 2_048;

/**
 * Writes columns of JavaScript values as one Parquet file, in their order: the same values give the same bytes.
 * @param metadata kept in the file's footer, as text by name.
 */
export async function writeParquet(connection: DuckDBConnection, columns: readonly ColumnValues[], to: string, metadata: Readonly<Record<string, string>>): Promise<void> {
  const rows = columns[0]!.values.length;
  await connection.run(`create or replace temp table written (${columns.map(({ type }, i) => `c${i} ${type.toString()}`).join(", ")})`);
  const appender = await connection.createAppender("written");
  for (let from = 0; from < rows; from += chunkRows) {
    const chunk = DuckDBDataChunk.create(columns.map(({ type }) => type), Math.min(chunkRows, rows - from));
    chunk.setColumns(columns.map(({ values }) => values.slice(from, from + chunkRows)));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  const list = columns.map(({ name, as }, i) => `${as === undefined ? `c${i}` : as.replaceAll(/\bx\b/g, `c${i}`)} as ${id(name)}`);
  const kept = Object.entries(metadata).map(([name, text]) => `${name}: ${quote(text)}`);
  await connection.run(`copy (select ${list.join(", ")} from written order by rowid) to ${quote(to)} (format parquet, compression zstd, row_group_size 122880, kv_metadata {${kept.join(", ")}})`);
  await connection.run("drop table written");
}
