import type { ModelContract } from "../../inference/contract.ts";
import { counted } from "../../policy/counted.ts";
import type { Decoded, DecodeLimits } from "./decoded.ts";
import { asList, asObject, readParameters } from "./request-parameters.ts";
import { refuse, shown } from "./refuse.ts";
import { checkName, checkRows, decodeRows } from "./rows-request.ts";

const forms = ["dataframe_split", "dataframe_records", "instances", "inputs"] as const;

/** A body of MLflow's scoring protocol, of which exactly one form is there. @throws RelearnError `InvalidInput`. */
export function decodeMlflow(body: unknown, contract: ModelContract, extras: readonly string[], limits: DecodeLimits): Decoded {
  const given = asObject(body, "the body");
  const form = forms.filter((name) => Object.hasOwn(given, name));
  if (form.length !== 1) refuse(`the body needs exactly one of ${forms.join(", ")}, found ${form.length === 0 ? "none" : form.join(" and ")}`);
  const check = (name: string): void => checkName(name, form[0]!, contract, extras);
  const rows = rowsOfForm(form[0]!, given[form[0]!], limits, check);
  return decodeRows(rows, contract, extras, limits, readParameters(given["params"]));
}

/** Looks at a column's name before any row is made of it. */
type CheckName = (name: string) => void;

function rowsOfForm(form: (typeof forms)[number], value: unknown, limits: DecodeLimits, check: CheckName): readonly unknown[] {
  if (form === "dataframe_split") return fromSplit(asObject(value, form), limits, check);
  return form === "inputs" && !Array.isArray(value) ? fromColumns(asObject(value, form), limits, check) : asList(value, form);
}

function fromSplit({ columns, data }: Record<string, unknown>, limits: DecodeLimits, check: CheckName): readonly unknown[] {
  const names = asList(columns, "dataframe_split.columns").map((name) => (typeof name === "string" ? name : refuse(`dataframe_split.columns: expected names, found ${shown(name)}`)));
  names.forEach(check);
  if (new Set(names).size !== names.length) refuse("dataframe_split.columns: a name is there twice");
  const rows = asList(data, "dataframe_split.data");
  checkRows(rows.length, limits);
  return rows.map((row, at) => {
    const values = asList(row, `row ${at}`);
    if (values.length !== names.length) refuse(`row ${at} has ${counted(values.length, "value")} for ${counted(names.length, "column")}`);
    return rowOf(names, (i) => values[i]);
  });
}

/** `{"column": [values]}`. */
function fromColumns(columns: Record<string, unknown>, limits: DecodeLimits, check: CheckName): readonly unknown[] {
  const names = Object.keys(columns);
  names.forEach(check);
  const lists = names.map((name) => asList(columns[name], `input ${shown(name)}`));
  const rows = lists[0]?.length ?? 0;
  checkRows(rows, limits);
  const other = lists.findIndex((list) => list.length !== rows);
  if (other >= 0) refuse(`input ${shown(names[other])} has ${counted(lists[other]!.length, "row")}, and the inputs before it have ${rows}`);
  return Array.from({ length: rows }, (_, row) => rowOf(names, (i) => lists[i]![row]));
}

/** Without a prototype: a name out of a list may be any. */
function rowOf(names: readonly string[], valueOf: (i: number) => unknown): Record<string, unknown> {
  const row = Object.create(null) as Record<string, unknown>;
  names.forEach((name, i) => (row[name] = valueOf(i)));
  return row;
}
