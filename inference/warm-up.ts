import type { Golden } from "../schemas/golden.ts";
import { inputsOfGolden, rowOf } from "./golden-rows.ts";
import type { InputValues, LoadedModel } from "./session.ts";
import type { ModelInput } from "./signature.ts";

const sizes = [1, 8, 64];
const rounds = 5;

/**
 * Runs a few batches of the sizes that callers will make, so that none of them pays for what the first runs set up. Without golden rows it runs what stands for
 * nothing; a model that cannot take that is not judged by it.
 */
export async function warmUp(model: LoadedModel, golden: Golden | null): Promise<void> {
  const one = golden === null || golden.scores.length === 0 ? null : rowOf(model.inputs, inputsOfGolden(model.inputs, golden.columns, golden.scores.length), 0);
  for (const rows of sizes) {
    const values = new Map(model.inputs.map((input) => [input.name, repeated(one?.get(input.name) ?? neutral(input), rows)]));
    for (let round = 0; round < rounds; round++) {
      const failure = await model.run(values, rows).then(() => null, (error: unknown) => error);
      if (failure !== null && one !== null) throw failure;
    }
  }
}

/** What stands for null where there is such a value, else zero. */
function neutral({ type, width }: ModelInput): InputValues {
  if (type === "string") return [""];
  if (type === "int64") return new BigInt64Array(width);
  return type === "double" ? new Float64Array(width) : new Float32Array(width);
}

function repeated(values: InputValues, times: number): InputValues {
  if (Array.isArray(values)) return Array.from({ length: times }, () => (values as readonly string[])[0]!);
  const numbers = values as Float32Array;
  const into = new (numbers.constructor as Float32ArrayConstructor)(numbers.length * times);
  for (let i = 0; i < times; i++) into.set(numbers, i * numbers.length);
  return into;
}
