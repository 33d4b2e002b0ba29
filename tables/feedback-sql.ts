import { parquetFiles } from "./open-duckdb.ts";

const noFeedback = `select null::varchar as prediction_id, null::integer as "row", null::varchar as label, null::double as value, null::timestamptz as "at", null::timestamptz as received_at, null::varchar as source where false`;

/** Rows of `feedbackFiles`, with every column that a file of today has: the source is null in files of before it was noted. No rows without files. */
export function feedbackSql(files: readonly string[]): string {
  return files.length === 0 ? noFeedback : `${noFeedback} union all by name select * from ${parquetFiles(files, ", hive_partitioning = false, union_by_name = true")}`;
}
