import { RelearnError } from "../schemas/failures.ts";
import { type Conversion, convertText, convertTyped } from "./column-sql.ts";
import type { PreparedColumn } from "./prepared-columns.ts";
import { id } from "./quote.ts";
import type { LandingColumn } from "./read-landing.ts";
import { columnChecks } from "./row-checks.ts";

/** A file of rows to score, as DuckDB sees it. */
export interface ScoringFile {
  /** URI, for messages. */
  readonly name: string;
  /** SQL of a table with `__row`, 1-based, beside the file's columns. */
  readonly from: string;
  /** The file's columns, without `__row`. */
  readonly columns: readonly LandingColumn[];
  /** Whether its values are text as somebody wrote it (CSV, JSON Lines). */
  readonly text: boolean;
}

export interface ScoringView {
  /** A SELECT of `__row`, the kept columns as `__k0` and so on, the features under their own names, and `__bad`: 0, or the number of the first check that failed, from 1. */
  readonly sql: string;
  /** Names of the kept columns. */
  readonly kept: readonly string[];
  readonly checks: readonly { readonly column: string; readonly rule: string; readonly says: string }[];
}

/** Whatever the range a column was trained on, a row outside of it is scored: these are what a model cannot be given. */
const says: Readonly<Record<string, string>> = {
  type: "its value cannot be read as the column's type", null: "it has no value, which the column does not allow", finite: "its number is infinite, or too large for the model", size: "its list has another length than the column's",
};

/**
 * How the rows of a file reach the model's inputs.
 * @param keep names of the columns that go with the predictions.
 * @throws RelearnError `DataRefused` naming the file and each column that is missing or of another type.
 */
export function scoringView(file: ScoringFile, features: readonly PreparedColumn[], keep: readonly string[]): ScoringView {
  refuseOurNames(file);
  const conversions = convertAll(file, features);
  const checks = checksOf(features, conversions);
  const kept = keep.map((name, i) => `${id(name)} as __k${i}`);
  const values = features.map(({ name }, i) => `${conversions[i]!.value} as ${id(name)}`);
  const bad = conversions.flatMap((conversion, i) => (conversion.bad === null ? [] : [`${conversion.bad} as __b${i}`]));
  const cases = checks.map(({ when }, i) => ` when ${when} then ${i + 1}`);
  const first = cases.length === 0 ? "0" : `case${cases.join("")} else 0 end`;
  return { kept: keep, checks, sql: `select *, ${first} as __bad from (select ${["__row", ...kept, ...values, ...bad].join(", ")} from ${file.from})` };
}

function refuseOurNames({ name, columns }: ScoringFile): void {
  const ours = columns.find((column) => /^__(row|bad|[kbs]\d+)$/i.test(column.name));
  if (ours !== undefined) throw new RelearnError("DataRefused", `${name} has a column ${ours.name}, a name that Relearn gives itself; rename it`);
}

function convertAll({ name, columns, text }: ScoringFile, features: readonly PreparedColumn[]): Conversion[] {
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const missing = features.filter((feature) => !types.has(feature.name));
  if (missing.length > 0) throw new RelearnError("DataRefused", `${name} has no column ${missing.map((feature) => feature.name).join(", ")}, which the model needs; it has ${[...types.keys()].join(", ")}`);
  return features.map((feature) => {
    const type = types.get(feature.name)!;
    const conversion = text ? convertText(feature.column, id(feature.name)) : convertTyped(feature.column, id(feature.name), type);
    if (conversion === null) throw new RelearnError("DataRefused", `${name}: the column ${feature.name} is ${type}, which cannot be read as ${feature.column.type}, as the model needs it`);
    return conversion;
  });
}

/** A value that cannot be read is null by then: so that is asked first. */
function checksOf(features: readonly PreparedColumn[], conversions: readonly Conversion[]) {
  const rules = columnChecks({ columns: features, label: null });
  return features.flatMap(({ name }, i) => {
    const unreadable = conversions[i]!.bad === null ? [] : [{ column: name, rule: "type", when: `__b${i}` }];
    return [...unreadable, ...rules.filter(({ column, rule }) => column === name && rule in says)].map(({ column, rule, when }) => ({ column, rule, when, says: says[rule]! }));
  });
}

/** The columns that go with the predictions, in the file's order. @throws RelearnError `DataRefused` for one that is not there, or has a prediction's name. */
export function keptColumns({ name, columns }: Pick<ScoringFile, "name" | "columns">, features: readonly PreparedColumn[], keep: "extras" | "all" | readonly string[], predictions: readonly string[]): string[] {
  const names = columns.map((column) => column.name);
  const wanted = keep === "all" ? names : keep === "extras" ? names.filter((one) => !features.some((feature) => feature.name === one)) : keep;
  const missing = wanted.filter((one) => !names.includes(one));
  if (missing.length > 0) throw new RelearnError("DataRefused", `${name} has no column ${missing.join(", ")} to keep; it has ${names.join(", ")}`);
  const clash = wanted.find((one) => predictions.some((prediction) => prediction.toLowerCase() === one.toLowerCase()));
  if (clash !== undefined) throw new RelearnError("DataRefused", `${name} has a column ${clash}, which is the name of a prediction: say with --keep which other columns go with them`);
  return names.filter((one) => wanted.includes(one));
}
