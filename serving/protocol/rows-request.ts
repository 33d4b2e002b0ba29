import type { InputBatch, ModelContract } from "../../inference/contract.ts";
import { emptyColumn, putValue, wrong } from "./column-values.ts";
import { type ColumnPlan, planOf } from "./contract-plan.ts";
import { type Decoded, type DecodeLimits, noExtras } from "./decoded.ts";
import { asList, asObject, readParameters } from "./request-parameters.ts";
import { refuse, shown } from "./refuse.ts";

type Row = Readonly<Record<string, unknown>>;

/** `{"instances": [{column: value}], "parameters"?}`. @throws RelearnError `InvalidInput`. */
export function decodePredict(body: unknown, contract: ModelContract, extras: readonly string[], limits: DecodeLimits): Decoded {
  const { instances, parameters, ...others } = asObject(body, "the body");
  for (const name in others) refuse(`the body has ${shown(name)}, where only "instances" and "parameters" are known`);
  if (instances === undefined) refuse('the body has no "instances": a list of rows, each an object of column and value');
  return decodeRows(asList(instances, "instances"), contract, extras, limits, readParameters(parameters));
}

/** Rows as objects, straight into columns. @throws RelearnError `InvalidInput` naming the input. */
export function decodeRows(rows: readonly unknown[], contract: ModelContract, extras: readonly string[], limits: DecodeLimits, parameters: Decoded["parameters"]): Decoded {
  checkRows(rows.length, limits);
  const { columns } = planOf(contract);
  const values = columns.map((plan) => emptyColumn(plan, rows.length));
  for (let at = 0; at < rows.length; at++) {
    const row = asObject(rows[at], `row ${at}`);
    for (const plan of columns) putField(plan, values[plan.index]!, at, row[plan.name]);
    if (hasOthers(row, columns.length)) refuseOthers(row, at, contract, extras);
  }
  const batch: InputBatch = { rows: rows.length, columns: values };
  return { batch, extras: extras.length === 0 ? noExtras : extrasOf(rows as readonly Row[], extras), parameters };
}

/** @throws RelearnError `InvalidInput` for none, and for more than the server takes at once. */
export function checkRows(rows: number, { rows: most }: DecodeLimits): void {
  if (rows < 1) refuse("the request has no rows");
  if (rows > most) refuse(`the request has ${rows} rows, and at most ${most} are taken at once; send them in parts`);
}

function putField(plan: ColumnPlan, values: ReturnType<typeof emptyColumn>, at: number, value: unknown): void {
  if (value === undefined) refuse(`input ${JSON.stringify(plan.name)} is missing in row ${at}${plan.nullable ? "; say null where there is no value" : ""}`);
  if (plan.column === "embedding") putList(plan, values, at, value);
  else putValue(plan, values, at, value, true);
}

function putList(plan: ColumnPlan, values: ReturnType<typeof emptyColumn>, at: number, value: unknown): void {
  if (!Array.isArray(value) || value.length !== plan.width) wrong(plan, at * plan.width, `a list of ${plan.width} numbers`, Array.isArray(value) ? `a list of ${value.length}` : value);
  for (let i = 0; i < plan.width; i++) putValue(plan, values, at * plan.width + i, (value as unknown[])[i], true);
}

/** All columns are there, so more names than columns are others. */
function hasOthers(row: Row, columns: number): boolean {
  let names = 0;
  for (const _ in row) names++;
  return names > columns;
}

function refuseOthers(row: Row, at: number, contract: ModelContract, extras: readonly string[]): void {
  for (const name in row) checkName(name, `row ${at}`, contract, extras);
}

/** @throws RelearnError `InvalidInput` for a name that is neither an input nor wanted in the log. */
export function checkName(name: string, where: string, contract: ModelContract, extras: readonly string[]): void {
  if (planOf(contract).byName.has(name) || extras.includes(name)) return;
  refuse(`${where} has ${shown(name)}, which is no input of ${contract.model}; its inputs are ${contract.inputs.map((input) => input.name).join(", ").slice(0, 400)}`);
}

function extrasOf(rows: readonly Row[], names: readonly string[]): Decoded["extras"] {
  const given = names.filter((name) => rows.some((row) => Object.hasOwn(row, name)));
  return Object.fromEntries(given.map((name) => [name, rows.map((row, at) => extraValue(name, at, Object.hasOwn(row, name) ? row[name] : null))]));
}

/** @throws RelearnError `InvalidInput` where it is no plain value. */
export function extraValue(name: string, at: number, value: unknown): unknown {
  return typeof value === "object" && value !== null ? refuse(`${shown(name)} of row ${at}: expected a string, a number, true, false or null, found ${shown(value)}`) : value;
}
