import { RelearnError } from "../schemas/failures.ts";
import type { Golden, GoldenValue } from "../schemas/golden.ts";
import type { InputValues, LoadedModel } from "./session.ts";
import type { ModelInput } from "./signature.ts";

/** Most rows that are kept with a version. */
export const goldenRows = 32;
/** Largest difference, relative to max(1, |v|), at which a model still counts as the one that was judged. */
export const goldenTolerance = 1e-5;

/** Rows of JSON as the model takes them. */
export function inputsOfGolden(inputs: readonly ModelInput[], columns: Golden["columns"], rows: number): Map<string, InputValues> {
  return new Map(inputs.map((input) => {
    const values = columns.find(({ name }) => name === input.name)?.values;
    if (values?.length !== rows) throw new RelearnError("ModelRefused", `the model is refused: its golden rows hold ${values?.length ?? "no"} values of ${input.name} for ${rows} rows`);
    return [input.name, valuesOf(input, values)];
  }));
}

function valuesOf({ type, width }: ModelInput, values: readonly GoldenValue[]): InputValues {
  if (type === "string") return values.map((value) => (value === null ? "" : String(value)));
  if (type === "int64") return BigInt64Array.from(values, (value) => BigInt(value as number | string));
  const numbers = values.flatMap((value) => (Array.isArray(value) ? (value as number[]) : [value === null ? Number.NaN : Number(value)]));
  if (numbers.length !== values.length * width) throw new RelearnError("ModelRefused", `the model is refused: its golden rows hold ${numbers.length} numbers of an input where ${values.length * width} are needed`);
  return type === "double" ? Float64Array.from(numbers) : Float32Array.from(numbers);
}

/**
 * Does the model give what it gave when it was judged? Its rows are run together, and one by one: callers' rows will be run with
 * others', and must not feel them.
 * @throws RelearnError `ModelRefused` naming the largest difference.
 */
export async function checkGolden(model: LoadedModel, golden: Golden): Promise<void> {
  const rows = golden.scores.length;
  const inputs = inputsOfGolden(model.inputs, golden.columns, rows);
  const expected = golden.scores.flat();
  if (expected.length !== rows * model.width) throw new RelearnError("ModelRefused", `the model is refused: its golden rows hold ${expected.length} scores where ${rows * model.width} are needed`);
  compare(await model.run(inputs, rows), expected, model.width, "run together");
  const alone: number[] = [];
  for (let row = 0; row < rows; row++) alone.push(...(await model.run(rowOf(model.inputs, inputs, row), 1)));
  compare(alone, expected, model.width, "run one by one");
}

export const rowOf = (inputs: readonly ModelInput[], values: ReadonlyMap<string, InputValues>, row: number): Map<string, InputValues> =>
  new Map(inputs.map(({ name, width }) => [name, values.get(name)!.slice(row * width, (row + 1) * width)]));

function compare(found: ArrayLike<number>, expected: readonly number[], width: number, how: string): void {
  const differences = expected.map((value, i) => {
    const difference = Math.abs(found[i]! - value) / Math.max(1, Math.abs(value));
    return Number.isNaN(difference) ? Infinity : difference;
  });
  const largest = differences.reduce((most, difference) => Math.max(most, difference), 0);
  if (largest <= goldenTolerance) return;
  const at = differences.indexOf(largest);
  const wrong = differences.filter((difference) => difference > goldenTolerance).length;
  throw new RelearnError("ModelRefused", `the model is refused: it does not give again what it gave when it was judged: ${how}, golden row ${Math.floor(at / width)} gives ${found[at]} where ${expected[at]} was recorded (relative difference ${largest.toPrecision(3)}, at most ${goldenTolerance}; ${wrong} of ${expected.length} scores differ)`);
}
