import type { DuckDBConnection } from "@duckdb/node-api";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { id } from "../../tables/quote.ts";
import type { LabelOf, Trivial } from "./protocol.ts";

/** Label shares, or the mean, of the training rows. Without training rows every class has the same share. */
export async function trivialModel(connection: DuckDBConnection, files: readonly string[], label: LabelOf): Promise<Trivial> {
  const classes = label.classes ?? [];
  const even = { shares: classes.map(() => 1 / classes.length), mean: 0 };
  if (files.length === 0) return even;
  if (label.task === "regression") {
    const [[mean]] = (await connection.runAndReadAll(`select avg(${id(label.column)}::double) from ${parquetFiles(files)}`)).getRows() as [[number | null]];
    return { shares: [], mean: mean ?? 0 };
  }
  const rows = (await connection.runAndReadAll(`select ${id(label.column)}::varchar, count(*)::double from ${parquetFiles(files)} group by all`)).getRows() as [string, number][];
  const counts = new Map(rows);
  const total = classes.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  return total === 0 ? even : { shares: classes.map((name) => (counts.get(name) ?? 0) / total), mean: 0 };
}
