import type { InputValues } from "../../inference/session.ts";
import { instant } from "../../schemas/time.ts";
import type { ColumnPlan } from "./contract-plan.ts";
import { refuse, shown } from "./refuse.ts";

/** An empty column, to be filled value by value. */
export function emptyColumn({ type, width }: ColumnPlan, rows: number): InputValues {
  switch (type) {
    case "float32":
      return new Float32Array(rows * width);
    case "double":
      return new Float64Array(rows * width);
    case "int64":
      return new BigInt64Array(rows);
    case "string":
      return new Array<string>(rows);
  }
}

/**
 * Puts a JSON value in its place.
 * @param text whether a time may be ISO text: so in rows, while a tensor has microseconds.
 * @throws RelearnError `InvalidInput` naming the input, the row, what was expected and what was found.
 */
export function putValue(plan: ColumnPlan, values: InputValues, at: number, value: unknown, text: boolean): void {
  switch (plan.type) {
    case "float32":
    case "double":
      (values as Float32Array)[at] = plan.column === "boolean" ? booleanOf(plan, at, value) : numberOf(plan, at, value);
      return;
    case "int64":
      (values as BigInt64Array)[at] = text && plan.column === "time" && typeof value === "string" && value.includes("-", 1) ? timeOf(plan, at, value) : integerOf(plan, at, value);
      return;
    case "string":
      (values as string[])[at] = typeof value === "string" ? value : value === null && plan.nullable ? "" : wrong(plan, at, "a string", value);
  }
}

function numberOf(plan: ColumnPlan, at: number, value: unknown): number {
  if (typeof value === "number") return withinRange(plan, at, value);
  return value === null && plan.nullable ? Number.NaN : wrong(plan, at, "a number", value);
}

/** A number that float32 cannot hold would become infinite, and 1e999 in JSON is. */
export function withinRange(plan: ColumnPlan, at: number, value: number): number {
  const held = plan.type === "float32" ? Math.fround(value) : value;
  return Number.isFinite(held) ? value : wrong(plan, at, plan.type === "float32" ? "a finite number that float32 can hold" : "a finite number", value);
}

function booleanOf(plan: ColumnPlan, at: number, value: unknown): number {
  if (value === true || value === 1) return 1;
  if (value === false || value === 0) return 0;
  return value === null && plan.nullable ? Number.NaN : wrong(plan, at, "true or false", value);
}

const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];

function integerOf(plan: ColumnPlan, at: number, value: unknown): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value === "string" && /^-?\d{1,19}$/.test(value)) return within64(plan, at, BigInt(value));
  return wrong(plan, at, typeof value === "number" && Number.isInteger(value) ? "a whole number below 2^53, or a larger one as a string" : "a whole number", value);
}

/** @throws RelearnError `InvalidInput` where 64 bits do not hold it. */
export function within64(plan: ColumnPlan, at: number, value: bigint): bigint {
  return value >= least && value <= most ? value : wrong(plan, at, "a whole number of 64 bits", value);
}

function timeOf(plan: ColumnPlan, at: number, value: string): bigint {
  const milliseconds = Date.parse(value);
  if (!instant.safeParse(value).success || Number.isNaN(milliseconds)) wrong(plan, at, "a UTC instant such as 2013-03-01T00:00:00Z, or microseconds since 1970", value);
  const beyond = /\.\d{3}(\d{1,3})/.exec(value)?.[1] ?? "";
  return BigInt(milliseconds) * 1000n + BigInt(beyond.padEnd(3, "0"));
}

/** @throws RelearnError `InvalidInput`, always. */
export function wrong(plan: ColumnPlan, at: number, expected: string, found: unknown): never {
  const also = plan.nullable ? " or null" : "";
  return refuse(`input ${JSON.stringify(plan.name)}, row ${Math.floor(at / plan.width)}: expected ${expected}${also}, found ${plan.isPrivate ? `a ${typeof found} that is private` : shown(found)}`);
}
