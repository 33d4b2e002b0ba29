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

/** Joined rows of a partition whose labels are not trusted, as they were. */
export interface DistrustedRows extends TimelessRows {
  readonly partition: string;
}

export interface Refused {
  /** Files of rows that the contract refused, in the quarantine's own shape. */
  readonly quarantined: readonly string[];
  readonly timeless: readonly TimelessRows[];
  readonly distrusted: readonly DistrustedRows[];
}

/** Writes all refused rows of a data set into one Parquet file, in the order of partition and origin. */
export async function writeQuarantine(connection: DuckDBConnection, { quarantined, timeless, distrusted }: Refused, time: string, to: string): Promise<void> {
  const parts = [
    ...(quarantined.length === 0 ? [] : [`select * from ${parquetFiles(quarantined)}`]),
    ...timeless.map((rows) => wholeSql({ ...rows, partition: "" }, "time", time)),
    ...distrusted.map((rows) => wholeSql(rows, "label_source", "label_source")),
  ];
  await connection.run(`copy (select * from (${parts.join(" union all by name ")}) order by "partition", file, "row", content) to ${quote(to)} ${parquetOptions}`);
}

function wholeSql({ file, uri, partition }: DistrustedRows, rule: string, column: string): string {
  const value = `left(t.${id(column)}::varchar, 200)`;
  const reason = `{'rule': ${quote(rule)}, 'column': ${quote(column)}, 'value': ${value}}`;
  return `select ${quote(partition)} as "partition", ${quote(uri)} as file, ${hidden.row}::bigint as "row", ${quote(rule)} as "rule", ${quote(column)} as "column", ${value} as "value", [${reason}] as reasons, to_json(t)::varchar as content from ${parquetFiles([file])} t`;
}
