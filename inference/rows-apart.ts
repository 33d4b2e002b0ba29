import { RelearnError } from "../schemas/failures.ts";
import type { InputValues } from "./session.ts";
import type { ModelInput } from "./signature.ts";

/**
 * Largest difference, relative to max(1, |v|), between a row's scores alone and among others: a product over more rows, and many trees on several threads,
 * are summed in another order. Ten times what golden rows allow, for made-up rows may be far from any real one; rows that are mixed differ by far more.
 */
const tolerance = 1e-4;
const numbers = [0, 1, -1.5, 2.25];
const texts = ["", "a", "b", "c"];

type Rows = ReadonlyMap<string, InputValues>;

export interface Runnable {
  readonly inputs: readonly ModelInput[];
  /** Scores a row. */
  readonly width: number;
  readonly run: (values: Rows, rows: number) => Promise<Float32Array | Float64Array>;
}

/** What comes out of a model has another shape than a row of scores for each row that went in. */
export class WrongShape extends RelearnError {
  constructor(message: string) {
    super("ModelRefused", message);
  }
}

/**
 * Are a row's scores its own? The rows of callers are run together, so a model that mixes rows, or whose first axis is not that of the rows, would give one caller
 * what is another's. A few made-up rows, as many as make no shape fit by chance, are run together, the other way round, and alone. Rows that the model cannot take are
 * left out: nothing is known of those.
 * @throws RelearnError `ModelRefused`.
 */
export async function checkRowsApart(model: Runnable): Promise<void> {
  const alone: { readonly row: number; readonly scores: ArrayLike<number> }[] = [];
  for (let row = 0; row < (model.width === 3 ? 4 : 3); row++) {
    const scores = await model.run(madeUp(model.inputs, [row]), 1).catch(leftOut);
    if (scores !== null) alone.push({ row, scores: [...scores] });
  }
  for (const order of alone.length < 2 ? [] : [alone, alone.toReversed()]) {
    const together = await model.run(madeUp(model.inputs, order.map(({ row }) => row)), order.length);
    order.forEach(({ row, scores }, at) => compare(row, scores, together.subarray(at * model.width, (at + 1) * model.width)));
  }
}

function leftOut(error: unknown): null {
  if (error instanceof WrongShape) throw error;
  return null;
}

function compare(row: number, alone: ArrayLike<number>, together: ArrayLike<number>): void {
  for (let i = 0; i < alone.length; i++) {
    const [one, other] = [alone[i]!, together[i]!];
    if (Object.is(one, other) || Math.abs(one - other) <= tolerance * Math.max(1, Math.abs(one))) continue;
    throw new RelearnError("ModelRefused", `the model is refused: a row's scores depend on the rows it is run with: made-up row ${row} gives ${one} alone and ${other} among others, and the rows of different callers are run together`);
  }
}

function madeUp(inputs: readonly ModelInput[], rows: readonly number[]): Rows {
  return new Map(inputs.map(({ name, type, width }) => [name, valuesOf(type, rows.flatMap((row) => new Array<number>(width).fill(row)))]));
}

function valuesOf(type: ModelInput["type"], rows: readonly number[]): InputValues {
  switch (type) {
    case "string":
      return rows.map((row) => texts[row]!);
    case "int64":
      return BigInt64Array.from(rows, (row) => BigInt(row));
    case "double":
      return Float64Array.from(rows, (row) => numbers[row]!);
    case "float32":
      return Float32Array.from(rows, (row) => numbers[row]!);
  }
}
