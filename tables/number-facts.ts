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
  for (const [name, kind] of columns) {
    const finite = `select x from (select ${numberSql(name, kind)} as x from ${from}) where isfinite(x)`;
    const sql = `select quantile_disc(x, 0.25), quantile_disc(x, 0.5), quantile_disc(x, 0.75), sqrt(greatest(0, fsum(x * x) / count(*) - (fsum(x) / count(*)) ** 2)), count(distinct x)::double, count(*)::double from (${finite})`;
    const [row] = (await connection.runAndReadAll(sql)).getRows();
    const [lower, median, upper, deviation, distinct, count] = row as (number | null)[];
    facts.set(name, { lower: lower ?? null, median: median ?? null, upper: upper ?? null, deviation: deviation ?? null, distinct: distinct ?? 0, count: count ?? 0 });
  }
  return facts;
}
