import { isUtf8 } from "node:buffer";
import type { InputValues } from "../../inference/session.ts";
import { emptyColumn, withinRange, within64, wrong } from "./column-values.ts";
import type { ColumnPlan } from "./contract-plan.ts";
import { datatypes } from "./datatypes.ts";
import { refuse } from "./refuse.ts";

/**
 * Reads a tensor's raw little-endian values into a column.
 * @throws RelearnError `InvalidInput` naming the input: another length than the shape makes, a value that the column cannot hold, NaN where it is not nullable.
 */
export function readBinary(plan: ColumnPlan, datatype: string, bytes: Buffer, rows: number): InputValues {
  if (datatype === "BYTES") return readStrings(plan.name, bytes, rows);
  const { bytes: size, read, whole } = datatypes[datatype]!;
  const count = rows * plan.width;
  if (bytes.length !== count * size) refuse(`input ${JSON.stringify(plan.name)}: its shape makes ${count * size} bytes of ${datatype}, found ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = emptyColumn(plan, rows);
  for (let i = 0; i < count; i++) {
    const value = read(view, i * size);
    if (plan.type === "int64") (values as BigInt64Array)[i] = within64(plan, i, BigInt(value));
    else (values as Float32Array)[i] = realOf(plan, i, value, whole);
  }
  return values;
}

function realOf(plan: ColumnPlan, at: number, value: number | bigint, whole: boolean): number {
  const real = Number(value);
  if (plan.column === "boolean") return real === 0 || real === 1 || (Number.isNaN(real) && plan.nullable) ? real : wrong(plan, at, "0 or 1", value);
  if (Number.isNaN(real)) return plan.nullable ? real : wrong(plan, at, "a number", "NaN");
  if (whole && !isExact(plan, value, real)) wrong(plan, at, `a whole number that ${plan.type} holds exactly`, value);
  return withinRange(plan, at, real);
}

const isExact = (plan: ColumnPlan, value: number | bigint, real: number): boolean => BigInt(plan.type === "float32" ? Math.fround(real) : real) === BigInt(value);

/** Values of datatype BYTES. @throws RelearnError `InvalidInput` where their lengths do not add up, or one is not UTF-8. */
export function readStrings(name: string, bytes: Buffer, rows: number): string[] {
  if (rows * 4 > bytes.length) refuse(`input ${JSON.stringify(name)}: ${rows} values of BYTES take ${rows * 4} bytes at least, found ${bytes.length}`);
  const values = new Array<string>(rows);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : Infinity;
    if (at + 4 + length > bytes.length) refuse(`input ${JSON.stringify(name)}: value ${i} of BYTES reaches beyond its data`);
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (!isUtf8(value)) refuse(`input ${JSON.stringify(name)}: value ${i} is not UTF-8`);
    values[i] = value.toString();
    at += 4 + length;
  }
  if (at !== bytes.length) refuse(`input ${JSON.stringify(name)}: ${bytes.length - at} bytes are left after its ${rows} values`);
  return values;
}
