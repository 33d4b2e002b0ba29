import { join } from "node:path";
import type { CalendarUnit } from "../schemas/calendar.ts";
import type { Source } from "../schemas/source.ts";
import type { Window } from "../schemas/time.ts";
import { id, quote } from "./quote.ts";
import type { Sandbox } from "./sql-child.ts";

export interface PieceFile { readonly partition: string; readonly path: string; readonly rows: number }

export interface PartitionedRows {
  readonly pieces: readonly PieceFile[];
  /** Rows whose time could not be read, as they were. */
  readonly timeless: { readonly path: string; readonly rows: number } | null;
  /** Rows with a time outside the file's calendar span, and those more than a day outside it. */
  readonly outside: number;
  readonly farOutside: number;
}

/** How every Parquet file of this project is written: the same rows give the same bytes, whatever the thread count. */
export const parquetOptions = "(format parquet, compression zstd, row_group_size 122880)";

/**
 * Splits the sandbox's table `landing` (see `readLanding`) into sorted Parquet files, one a calendar day or hour of `zone`,
 * with the event time as TIMESTAMPTZ under its own name.
 * @param span calendar span of the file, null where its name says none.
 */
export async function partitionRows(sandbox: Sandbox, source: Source, options: { readonly folder: string; readonly unit: CalendarUnit; readonly zone: string; readonly span: Window | null; readonly name: string }): Promise<PartitionedRows> {
  const { folder, unit, zone, span, name } = options;
  const counts = await sandbox.run(name, [
    `create or replace temp table parted as select *, ${partitionSql(unit, zone)} as __part from landing`,
    `select __part as part, count(*) as n, ${outsideSql(span, "0 seconds")} as outside, ${outsideSql(span, "1 day")} as far from parted group by 1 order by 1`,
  ]) as { part: string | null; n: number; outside: number; far: number }[];
  const path = (part: string | null) => join(folder, `${part ?? "timeless"}.parquet`);
  const copies = counts.map(({ part }) => part === null
    ? `copy (select * exclude (__part, __time) from parted where __part is null order by all) to ${quote(path(null))} ${parquetOptions}`
    : `copy (select * exclude (__part, __time) replace (__time as ${id(source.time)}) from parted where __part = ${quote(part)} order by all) to ${quote(path(part))} ${parquetOptions}`);
  await sandbox.run(name, copies, 120_000 + copies.length * 1_000);
  const timeless = counts.find(({ part }) => part === null);
  return {
    pieces: counts.flatMap(({ part, n }) => (part === null ? [] : [{ partition: part, path: path(part), rows: n }])),
    timeless: timeless === undefined ? null : { path: path(null), rows: timeless.n },
    outside: counts.reduce((sum, row) => sum + row.outside, 0),
    farOutside: counts.reduce((sum, row) => sum + row.far, 0),
  };
}

/** The name that `spansOf` gives the partition of `__time`. */
export function partitionSql(unit: CalendarUnit, zone: string): string {
  const local = `(__time at time zone ${quote(zone)})`;
  if (unit === "day") return `strftime(${local}, '%Y-%m-%d')`;
  const hourBefore = `((__time - interval 1 hour) at time zone ${quote(zone)})`;
  return `strftime(${local}, '%Y-%m-%dT%H') || case when date_trunc('hour', ${local}) = date_trunc('hour', ${hourBefore}) then 'b' else '' end`;
}

function outsideSql(span: Window | null, slack: string): string {
  if (span === null) return "0::bigint";
  return `count(*) filter (__time < ${quote(span.from)}::timestamptz - interval ${quote(slack)} or __time >= ${quote(span.to)}::timestamptz + interval ${quote(slack)})`;
}
