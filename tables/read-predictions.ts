import type { DuckDBConnection } from "@duckdb/node-api";
import { predictionFormat } from "../schemas/spooled.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { Window } from "../schemas/time.ts";
import { parquetFiles } from "./open-duckdb.ts";
import { quote } from "./quote.ts";

/** A SELECT of the predictions of a window, one row a row that was asked about; files of several versions have the columns of all of them. */
export function predictionsSql(files: readonly string[], { from, to }: Window): string {
  return `select * from ${parquetFiles(files, ", union_by_name = true, hive_partitioning = false")} where "at" >= ${quote(from)}::timestamptz and "at" < ${quote(to)}::timestamptz`;
}

/**
 * Reads the predictions of a window from local copies of `predictionFiles`, in the order of time, id and row. For small windows: all rows are in memory.
 * @throws RelearnError `Corrupt` for a file of another format.
 */
export async function readPredictions(connection: DuckDBConnection, files: readonly string[], window: Window): Promise<Record<string, unknown>[]> {
  if (files.length === 0) return [];
  await checkFormat(connection, files);
  return (await connection.runAndReadAll(`${predictionsSql(files, window)} order by "at", prediction_id, "row"`)).getRowObjectsJson();
}

/** Files written by a later Relearn are refused by name, not read as something else. */
export async function checkFormat(connection: DuckDBConnection, files: readonly string[]): Promise<void> {
  const sql = `select file_name, max(decode(value)) filter (decode(key) = 'relearn_format') as format from parquet_kv_metadata([${files.map(quote).join(", ")}]) group by 1`;
  for (const [file, format] of (await connection.runAndReadAll(sql)).getRows()) {
    if (format !== String(predictionFormat)) throw new RelearnError("Corrupt", `${String(file)} is of format ${String(format)}; this Relearn reads format ${predictionFormat}`);
  }
}
