import { parquetFiles } from "./open-duckdb.ts";
import { quote } from "./quote.ts";

/**
 * Of the rows that `labelledRowsSql` has left in `asked` and `held`, by who said their label: how often it differs from the class that was answered, and what was
 * to be expected of a model that is as sure as it said (`labelTally`). Sums are rounded, so that the order in which they were added leaves no trace.
 */
export const labelTallySql = `select source, count(*)::integer as labels, sum(d)::double as disagreed, round(sum(e), 6) as expected, round(sum((d - e) ** 2), 6) as squares from (
  select h.source, (h.y <> a.label)::integer as d, 1 - list_max(a.score) as e from asked a join held h on h.prediction_id = a.prediction_id and h."row" = a."row"
  where a.__consent and h.y is not null and a.label is not null and isfinite(list_max(a.score))) group by 1 order by 1 nulls first`;

/** Rows of a partition whose label one of these said, or all the others, as they lie. */
export function rowsSaidBy(file: string, sources: readonly string[], said: boolean): string {
  return `select * from ${parquetFiles([file])} where ${said ? "" : "not "}coalesce(label_source in (${sources.map(quote).join(", ")}), false) order by __row`;
}
