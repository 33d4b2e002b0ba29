import type { Column } from "../schemas/column.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { ModelFacts, ModelValue } from "./scan.ts";

export interface NamedColumn { readonly name: string; readonly column: Column }

export interface ModelInput {
  readonly name: string;
  readonly type: "float32" | "double" | "int64" | "string";
  /** Numbers a row. */
  readonly width: number;
}

/** The ONNX input that a column is given as (the table of raw columns in docs). */
export function inputOf({ name, column }: NamedColumn): ModelInput {
  switch (column.type) {
    case "number":
      return { name, type: column.wide ? "double" : "float32", width: 1 };
    case "integer":
    case "time":
      return { name, type: "int64", width: 1 };
    case "category":
    case "text":
      return { name, type: "string", width: 1 };
    case "boolean":
      return { name, type: "float32", width: 1 };
    case "embedding":
      return { name, type: "float32", width: column.size };
  }
}

/** The outputs a task needs, by name: `label` and `score` [n, classes], or `value` [n, 1]. */
export type ModelOutput = { readonly name: "score" | "value"; readonly width: number };

export function outputOf(task: "binary" | "multiclass" | "regression", classes: number): ModelOutput {
  return task === "regression" ? { name: "value", width: 1 } : { name: "score", width: classes };
}

/**
 * Holds a model's inputs and outputs against what it will be given and asked for. All problems at once.
 * @throws RelearnError `ModelRefused` naming each input that is missing, unknown or of another type.
 */
export function checkSignature(facts: ModelFacts, columns: readonly NamedColumn[], task: "binary" | "multiclass" | "regression", classes: number): void {
  const wanted = columns.map(inputOf);
  const problems = [
    ...wanted.flatMap((input) => inputProblem(input, facts.inputs)),
    ...facts.inputs.filter(({ name }) => !wanted.some((input) => input.name === name)).map(({ name }) => `it wants an input ${JSON.stringify(name)}, which is no feature column of the definition`),
    ...outputProblem(outputOf(task, classes), facts.outputs),
    ...(task === "regression" || facts.outputs.some(({ name }) => name === "label") ? [] : [`it has no output "label"`]),
  ];
  if (problems.length > 0) throw new RelearnError("ModelRefused", `the model is refused: ${problems.join("; ")}`);
}

function inputProblem(wanted: ModelInput, inputs: readonly ModelValue[]): string[] {
  const found = inputs.find(({ name }) => name === wanted.name);
  const expected = `${wanted.type} [n,${wanted.width}]`;
  if (found === undefined) return [`it has no input ${JSON.stringify(wanted.name)} (${expected}), a feature column of the definition`];
  return found.type === wanted.type && fits(found, wanted.width) ? [] : [`its input ${JSON.stringify(wanted.name)} is ${described(found)} where the column makes ${expected}`];
}

function outputProblem(wanted: ModelOutput, outputs: readonly ModelValue[]): string[] {
  const found = outputs.find(({ name }) => name === wanted.name);
  const expected = `float32 [n,${wanted.width}]`;
  if (found === undefined) return [`it has no output ${JSON.stringify(wanted.name)} (${expected}); its outputs are: ${outputs.map(({ name }) => name).join(", ") || "none"}`];
  const right = (found.type === "float32" || found.type === "double") && fits(found, wanted.width);
  return right ? [] : [`its output ${JSON.stringify(wanted.name)} is ${described(found)} where ${expected} is needed`];
}

/** A shape left open is judged when the model runs. */
function fits({ shape }: ModelValue, width: number): boolean {
  if (shape === null) return true;
  return shape.length === 2 && (shape[0] === null || shape[0] === 0) && (shape[1] === null || shape[1] === width);
}

const described = ({ type, shape }: ModelValue): string => `${type} [${shape === null ? "?" : shape.map((size) => size ?? "n").join(",")}]`;
