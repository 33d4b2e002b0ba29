import type { Column } from "../schemas/column.ts";
import type { Contract } from "./contract.ts";
import { id, quote } from "./quote.ts";

/** One reason to refuse a row: `when` is an SQL condition over a prepared row, `value` what to show of it. */
export interface Check {
  readonly rule: string;
  readonly column: string;
  readonly when: string;
  readonly value: string;
}

/** Largest finite float32: a number beyond it would reach the model as infinity. */
const largestFloat = "3.4028234663852886e38::double";

/** What the contract says of each column, in the order in which reasons are named: label last. */
export function columnChecks({ columns, label }: Pick<Contract, "columns"> & { readonly label: { readonly column: string } | null }): Check[] {
  return columns.flatMap(({ name, column }) => {
    const checks = name === label?.column ? labelChecks(id(name), column) : valueChecks(id(name), column);
    return checks.map(([rule, when]) => ({ rule, column: name, when, value: id(name) }));
  });
}

type NamedCondition = readonly [rule: string, when: string];

function labelChecks(x: string, column: Column): NamedCondition[] {
  const missing = column.type === "number" ? `${x} is null or not isfinite(${x})` : `${x} is null`;
  return [["label", missing], ...valueChecks(x, column).filter(([rule]) => rule !== "null" && rule !== "finite")];
}

function valueChecks(x: string, column: Column): NamedCondition[] {
  const checks: NamedCondition[] = [];
  const nullable = "nullable" in column && column.nullable;
  if (!nullable) checks.push(["null", column.type === "number" ? `${x} is null or isnan(${x})` : `${x} is null`]);
  if (column.type === "number") checks.push(["finite", column.wide ? `isinf(${x})` : `not isnan(${x}) and abs(${x}) > ${largestFloat}`]);
  if ("min" in column && column.min !== undefined) checks.push(["min", `${x} < (${column.min})::double`]);
  if ("max" in column && column.max !== undefined) checks.push(["max", column.type === "number" ? `not isnan(${x}) and ${x} > (${column.max})::double` : `${x} > (${column.max})::double`]);
  if (column.type === "category" && column.values !== undefined) checks.push(["values", `${x} not in (${column.values.map(quote).join(", ")})`]);
  if (column.type === "text" && column.maxLength !== undefined) checks.push(["maxLength", `length(${x}) > ${column.maxLength}`]);
  if (column.type === "embedding") checks.push(["size", `len(${x}) <> ${column.size}`], ["finite", `len(list_filter(${x}, lambda __x: __x is null or not isfinite(__x))) > 0`]);
  return checks;
}

/** MD5 of the key's text, or of the whole row's: the same in every version of DuckDB, and easy to compute elsewhere. */
export function keyHashSql(contract: Contract, alias: string): string {
  return hashSql(contract.key.length > 0 ? contract.key : contract.columns.map(({ name }) => name), alias);
}

/** What tells whether a row lies in two windows: its key, or all of it but its time, which differs by definition. */
export function overlapHashSql(contract: Contract, alias: string): string {
  return hashSql(contract.key.length > 0 ? contract.key : contract.columns.map(({ name }) => name).filter((name) => name !== contract.time), alias);
}

function hashSql(columns: readonly string[], alias: string): string {
  return `md5(concat_ws(chr(31), ${columns.map((name) => `coalesce(${alias}.${id(name)}::varchar, chr(30))`).join(", ")}))`;
}
