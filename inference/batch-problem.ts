import type { InputBatch } from "./contract.ts";
import type { InputValues } from "./session.ts";
import type { ModelInput } from "./signature.ts";

/** Why rows are not as the inputs take them; null when they are. One caller's mistake must not reach the rows of others in its batch. */
export function batchProblem(inputs: readonly ModelInput[], { rows, columns }: InputBatch): string | null {
  if (!Number.isSafeInteger(rows) || rows < 1) return `it has ${rows} rows`;
  if (columns.length !== inputs.length) return `it has ${columns.length} columns, and the model ${inputs.length} inputs`;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!;
    const values = columns[i]!;
    if (values.length !== rows * input.width) return `${input.name} holds ${values.length} values for ${rows} rows of ${input.width}`;
    if (!holds(input.type, values)) return `${input.name} does not hold values of ${input.type}`;
  }
  return null;
}

function holds(type: ModelInput["type"], values: InputValues): boolean {
  switch (type) {
    case "string":
      return Array.isArray(values) && values.every((value) => typeof value === "string");
    case "int64":
      return values instanceof BigInt64Array;
    case "double":
      return values instanceof Float64Array;
    case "float32":
      return values instanceof Float32Array;
  }
}
