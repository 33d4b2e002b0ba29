import type { DuckDBConnection } from "@duckdb/node-api";
import type { NumberFrame } from "../schemas/sketch.ts";
import type { NumberFacts } from "../stats/frame.ts";
import { numberSql } from "./sketch-sql.ts";

/**
 * Quartiles, deviation and distinct values of columns of numbers, exact and the same on every run.
 * @param columns name to how its number is read.
 * @param from a table or subquery that has them.
 */
export async function numberFacts(connection: DuckDBConnection, columns: ReadonlyMap<string, NumberFrame["kind"]>, from: string): Promise<Map<string, NumberFacts>> {
  const facts = new Map<string, NumberFacts>();
  const repeating = await repeatingColumns(connection, columns, from);
  for (const [name, kind] of columns) {
    const finite = `select x from (select ${numberSql(name, kind)} as x from ${from}) where isfinite(x)`;
    const [row] = (await connection.runAndReadAll(repeating.has(name) ? countedSql(finite) : sortedSql(finite))).getRows();
    const [lower, median, upper, deviation, distinct, count] = row as (number | null)[];
    facts.set(name, { lower: lower ?? null, median: median ?? null, upper: upper ?? null, deviation: deviation ?? null, distinct: distinct ?? 0, count: count ?? 0 });
  }
  return facts;
}

/** Columns whose values come back often enough that counting them first takes less time, and far less memory, than sorting rows. */
async function repeatingColumns(connection: DuckDBConnection, columns: ReadonlyMap<string, NumberFrame["kind"]>, from: string): Promise<ReadonlySet<string>> {
  if (columns.size === 0) return new Set();
  const shares = [...columns].map(([name, kind]) => `approx_count_distinct(${numberSql(name, kind)}) * 4 <= count(*)`);
  const [row] = (await connection.runAndReadAll(`select ${shares.join(", ")} from ${from}`)).getRows();
  return new Set([...columns.keys()].filter((_, i) => row?.[i] === true));
}

const sortedSql = (finite: string): string =>
  `select quantile_disc(x, 0.25), quantile_disc(x, 0.5), quantile_disc(x, 0.75), sqrt(greatest(0, fsum(x * x) / count(*) - (fsum(x) / count(*)) ** 2)), count(distinct x)::double, count(*)::double from (${finite})`;

/** A quantile is the least value that as many rows as its share do not lie above. */
function countedSql(finite: string): string {
  const each = `select x, n, sum(n) over (order by x) as up_to, sum(n) over () as total from (select x, count(*)::double as n from (${finite}) group by x)`;
  const quantiles = [0.25, 0.5, 0.75].map((q) => `min(x) filter (up_to >= ${q} * total)`);
  return `select ${quantiles.join(", ")}, sqrt(greatest(0, fsum(x * x * n) / sum(n) - (fsum(x * n) / sum(n)) ** 2)), count(*)::double, coalesce(sum(n), 0)::double from (${each})`;
}
