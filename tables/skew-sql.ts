import type { Column } from "../schemas/column.ts";
import { loggedNames } from "../schemas/source.ts";
import { parquetFiles } from "./open-duckdb.ts";
import { id, quote } from "./quote.ts";
import { type ServedColumn, servedRowsOf } from "./served-sql.ts";

export interface SkewQuery {
  /** Rows of the prediction log, to stand in a FROM. */
  readonly served: string;
  readonly prepared: readonly string[];
  readonly v: number;
  readonly columns: readonly ServedColumn[];
  /** Columns that name a row. */
  readonly key: readonly string[];
}

/** Values further apart than this, relative to max(1, |v|), are two: float32 holds seven digits. */
const tolerance = 1e-6;

/**
 * One row: served rows whose key names one prepared row, then in how many of them each column differs. A key that is no feature is read from what was kept of
 * the request besides; rows of a source of predictions bear the log's own names.
 */
export function skewSql({ served, prepared, v, columns, key }: SkewQuery): string {
  const features = new Set(columns.map(({ name }) => name));
  const logged = loggedNames(key);
  const others = { extras: "extras", ...Object.fromEntries(logged.map((name) => [`__${name}`, id(name)])) };
  const kept = (name: string): string => (logged.includes(name) ? id(`__${name}`) : `json_extract_string(extras, ${quote(`$."${name}"`)})`);
  const keyOf = (name: string): string => `${features.has(name) ? id(name) : kept(name)}::varchar`;
  const asked = `select ${columns.map(({ name }, i) => `${id(name)} as s${i}`).concat(key.map((name, i) => `${keyOf(name)} as k${i}`)).join(", ")} from (${servedRowsOf(served, v, columns, others)})`;
  const keys = key.map((_, i) => `k${i}`).join(", ");
  const made = `select ${columns.map(({ name }, i) => `any_value(${id(name)}) as p${i}`).concat(key.map((name, i) => `${id(name)}::varchar as k${i}`)).join(", ")} from ${parquetFiles(prepared)} group by ${keys} having count(*) = 1`;
  const counts = columns.map(({ column }, i) => `(count(*) filter (${differs(column, `s${i}`, `p${i}`)}))::int`);
  return `select count(*)::int, ${counts.join(", ")} from (${asked}) join (${made}) using (${keys})`;
}

function differs({ type }: Column, served: string, prepared: string): string {
  if (type === "category" || type === "text") return `coalesce(${served}, '') <> coalesce(${prepared}, '')`;
  if (type !== "number") return `${served} is distinct from ${prepared}`;
  const known = `case when not isnan(${prepared}) then ${prepared} end`;
  return `((${served} is null) <> ((${known}) is null) or abs(${served} - ${known}) > ${tolerance} * greatest(1, abs(${known})))`;
}
