import type { Column } from "../schemas/column.ts";
import { quote } from "./quote.ts";

/** Where a prepared row came from, and which of its values could not be read; never part of a model or a snapshot. */
export const hidden = { file: "__file", row: "__row", bad: "__bad" } as const;
export const badType = `STRUCT("column" VARCHAR, "value" VARCHAR)[]`;

/** How a value reaches its column's type. `bad` is an SQL condition: a value was there and could not be read. */
export interface Conversion { readonly value: string; readonly bad: string | null }

export type Kind = "text" | "number" | "boolean" | "time" | "list" | "other";

/** What sort of values a DuckDB type holds: a column that changes its kind was retyped. */
export function kindOf(type: string): Kind {
  if (/\[\d*\]$/.test(type)) return "list";
  if (/^(VARCHAR|ENUM|UUID|JSON|CHAR)/.test(type)) return "text";
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|REAL|DECIMAL|BIGNUM)/.test(type)) return "number";
  if (type.startsWith("BOOLEAN")) return "boolean";
  return /^(TIMESTAMP|DATE)/.test(type) ? "time" : "other";
}

export function duckdbType(column: Column): string {
  return { number: "DOUBLE", integer: "BIGINT", category: "VARCHAR", text: "VARCHAR", boolean: "BOOLEAN", time: "TIMESTAMPTZ", embedding: "FLOAT[]" }[column.type];
}

/** Text that people's exports write for "no value" in a column that is no text. */
const absent = ["", "NA", "N/A", "null", "NULL", "NaN", "nan", "None"].map(quote).join(", ");
const wholeNumber = quote("[+-]?\\d+(\\.0*)?");

/** A value of a CSV or JSON Lines file, which arrives as text. */
export function convertText(column: Column, text: string): Conversion {
  if (column.type === "category" || column.type === "text") return { value: text, bad: null };
  const trimmed = `trim(${text})`;
  const value = `case when ${trimmed} not in (${absent}) then ${readText(column, trimmed)} end`;
  return { value, bad: `(${trimmed} not in (${absent}) and (${value}) is null)` };
}

function readText(column: Column, text: string): string {
  if (column.type === "integer") return `case when regexp_full_match(${text}, ${wholeNumber}) then try_cast(${text} as bigint) end`;
  if (column.type === "embedding") return `case when len(try_cast(${text} as float[])) = ${column.size} then try_cast(${text} as float[]) end`;
  return `try_cast(${text} as ${duckdbType(column)})`;
}

/** A value that already has a type, or null where that type's kind does not fit the column. */
export function convertTyped(column: Column, value: string, type: string): Conversion | null {
  const kind = kindOf(type);
  const plain = { value: `${value}::${duckdbType(column)}`, bad: null };
  switch (column.type) {
    case "number":
      return kind === "number" ? plain : null;
    case "integer":
      return kind !== "number" ? null : /INT/.test(type) && !/HUGE|UBIGINT/.test(type) ? plain : checked(`case when ${value} = trunc(${value}) then try_cast(${value} as bigint) end`, value);
    case "boolean":
      return kind === "boolean" ? plain : kind === "number" ? checked(`case ${value} when 0 then false when 1 then true end`, value) : null;
    case "time":
      return kind === "time" ? plain : kind === "text" ? checked(`try_cast(${value} as timestamptz)`, value) : null;
    case "embedding":
      return kind === "list" ? checked(`case when len(${value}) = ${column.size} then try_cast(${value} as float[]) end`, value) : null;
    default:
      return kind === "text" || kind === "boolean" || /INT/.test(type) ? plain : kind === "number" ? { value: numberText(value), bad: null } : null;
  }
}

/** Whole numbers read the same whether they arrive as 1 or as 1.0. */
export function numberText(value: string): string {
  return `case when ${value} = trunc(${value}) then coalesce(try_cast(${value} as bigint)::varchar, ${value}::varchar) else ${value}::varchar end`;
}

function checked(converted: string, value: string): Conversion {
  return { value: converted, bad: `(${value} is not null and (${converted}) is null)` };
}

/** SQL of a list of the values that could not be read, each cut to 200 characters. */
export function badList(entries: readonly { readonly column: string; readonly bad: string | null; readonly raw: string }[]): string {
  const items = entries.filter((entry) => entry.bad !== null).map(({ column, bad, raw }) => `case when ${bad} then {'column': ${quote(column)}, 'value': left(${raw}::varchar, 200)} end`);
  return items.length === 0 ? `[]::${badType}` : `list_filter([${items.join(", ")}], lambda __x: __x is not null)::${badType}`;
}

/** An event time as TIMESTAMPTZ; without a zone it is read in the session's time zone. Null where it cannot be read. */
export function timeSql(value: string, type: string): string | null {
  const kind = kindOf(type);
  if (kind !== "time" && kind !== "text") return null;
  const instant = kind === "time" ? `${value}::timestamptz` : `try_cast(trim(${value}) as timestamptz)`;
  return `case when isfinite(${instant}) and year(${instant}) between 1 and 9999 then ${instant} end`;
}
