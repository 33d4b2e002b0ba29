import ort from "onnxruntime-node";
import { RelearnError } from "../schemas/failures.ts";
import { checkRowsApart, WrongShape } from "./rows-apart.ts";
import { checkSignature, inputOf, type ModelInput, type NamedColumn, outputOf } from "./signature.ts";
import { scanModel } from "./scan.ts";

/** One column of a batch, as its ONNX input takes it: `width` numbers a row, or one string a row. */
export type InputValues = Float32Array | Float64Array | BigInt64Array | readonly string[];

export interface ModelTask {
  readonly columns: readonly NamedColumn[];
  readonly task: "binary" | "multiclass" | "regression";
  readonly classes: number;
}

export interface LoadedModel {
  readonly inputs: readonly ModelInput[];
  /** Columns of the result. */
  readonly width: number;
  /**
   * Scores row by row. @param values by column name.
   * @throws RelearnError `ModelRefused` when onnxruntime fails or the result has another shape.
   */
  run(values: ReadonlyMap<string, InputValues>, rows: number): Promise<Float32Array | Float64Array>;
}

/** Else onnxruntime guesses by four bytes whether a file is in its own format, of which the scan knows nothing. */
const onlyOnnx = { session: { load_model_format: "ONNX" } };

/**
 * Loads a model from its bytes after the scan and the signature were checked, and holds it to giving each row its own scores. Only for a process that may hang, grow or die:
 * onnxruntime blocks the event loop and is no sandbox.
 */
export async function loadModel(bytes: Uint8Array, wanted: ModelTask, threads: number): Promise<LoadedModel> {
  checkSignature(scanModel(bytes), wanted.columns, wanted.task, wanted.classes);
  const inputs = wanted.columns.map(inputOf);
  const output = outputOf(wanted.task, wanted.classes);
  const session = await refusing("onnxruntime does not load it", () => ort.InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4, extra: onlyOnnx }));
  const model: LoadedModel = {
    inputs,
    width: output.width,
    run: async (values, rows) => {
      const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input, values.get(input.name), rows)]));
      const result = await refusing("onnxruntime cannot run it", () => session.run(feeds, [output.name]));
      return scoresOf(result[output.name], output.name, rows, output.width);
    },
  };
  await checkRowsApart(model);
  return model;
}

function tensorOf({ name, type, width }: ModelInput, values: InputValues | undefined, rows: number): ort.Tensor {
  if (values === undefined) throw new Error(`no values for the input ${name}`);
  return new ort.Tensor(type === "double" ? "float64" : type, values as never, [rows, width]);
}

function scoresOf(tensor: ort.Tensor | undefined, name: string, rows: number, width: number): Float32Array | Float64Array {
  const data = tensor?.data;
  const right = (data instanceof Float32Array || data instanceof Float64Array) && tensor?.dims.length === 2 && tensor.dims[0] === rows && tensor.dims[1] === width;
  if (!right) throw new WrongShape(`the model is refused: its output "${name}" is ${tensor?.type ?? "nothing"} [${tensor?.dims.join(",") ?? ""}] for ${rows} rows, where [${rows},${width}] is needed`);
  return data;
}

async function refusing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new RelearnError("ModelRefused", `the model is refused: ${what}: ${(error as Error).message.slice(0, 500)}`, { cause: error });
  }
}
