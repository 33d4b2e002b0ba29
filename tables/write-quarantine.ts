import type { DuckDBConnection } from "@duckdb/node-api";
import { hidden } from "./column-sql.ts";
import { parquetFiles } from "./open-duckdb.ts";
import { parquetOptions } from "./partition-rows.ts";
import { id, quote } from "./quote.ts";

/** Rows of a landing file whose event time could not be read, as they were. */
export interface TimelessRows {
  readonly file: string;
  readonly uri: string;
}

/** Writes all refused rows of a data set into one Parquet file, in the order of partition and origin. */
export async function writeQuarantine(connection: DuckDBConnection, quarantined: readonly string[], timeless: readonly TimelessRows[], time: string, to: string): Promise<void> {
  const parts = [
    ...(quarantined.length === 0 ? [] : [`select * from ${parquetFiles(quarantined)}`]),
    ...timeless.map(({ file, uri }) => timelessSql(file, uri, time)),
  ];
  await connection.run(`copy (select * from (${parts.join(" union all by name ")}) order by "partition", file, "row", content) to ${quote(to)} ${parquetOptions}`);
}

function timelessSql(file: string, uri: string, time: string): string {
  const value = `t.${id(time)}::varchar`;
  const reason = `{'rule': 'time', 'column': ${quote(time)}, 'value': left(${value}, 200)}`;
  return `select '' as "partition", ${quote(uri)} as file, ${hidden.row}::bigint as "row", 'time' as "rule", ${quote(time)} as "column", left(${value}, 200) as "value", [${reason}] as reasons, to_json(t)::varchar as content from ${parquetFiles([file])} t`;
}
