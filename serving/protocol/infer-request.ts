import type { ModelContract } from "../../inference/contract.ts";
import type { InputValues } from "../../inference/session.ts";
import { counted } from "../../policy/counted.ts";
import { checkDatatype } from "./accepted-datatypes.ts";
import { readBinary } from "./binary-values.ts";
import { emptyColumn, putValue } from "./column-values.ts";
import { type ColumnPlan, planOf } from "./contract-plan.ts";
import { type Decoded, type DecodeLimits, noExtras } from "./decoded.ts";
import { readExtra } from "./extra-tensor.ts";
import { readOutputs, type WantedOutputs } from "./infer-outputs.ts";
import { asList, asObject, readParameters } from "./request-parameters.ts";
import { refuse, shown } from "./refuse.ts";
import { checkRows } from "./rows-request.ts";
import { flatData, rowsOf } from "./tensor-shape.ts";

/** A request of the Open Inference Protocol, and how it wants its answer. */
export interface InferRequest extends Decoded {
  readonly id: string | null;
  readonly outputs: WantedOutputs;
}

/** Raw data behind the JSON, taken tensor by tensor in the order of the inputs. */
export interface BinaryTail {
  readonly bytes: Buffer;
  at: number;
}

/**
 * Reads `{"id"?, "parameters"?, "inputs": [...], "outputs"?}`.
 * @param tail what follows the JSON in a body with binary data, else null.
 * @throws RelearnError `InvalidInput` naming the input.
 */
export function decodeInfer(body: unknown, bytes: Buffer | null, contract: ModelContract, extras: readonly string[], limits: DecodeLimits): InferRequest {
  const { id, inputs, outputs, parameters } = asObject(body, "the body");
  if (id !== undefined && (typeof id !== "string" || id.length > 256)) refuse(`id: expected a string of at most 256 characters, found ${shown(id)}`);
  const tail = bytes === null ? null : { bytes, at: 0 };
  const { columns } = planOf(contract);
  const reading: Reading = { contract, extras, limits, tail, rows: -1, values: new Array<InputValues | undefined>(columns.length).fill(undefined), given: null };
  for (const input of asList(inputs, "inputs")) readInput(reading, asObject(input, "an input"));
  for (const { name, index } of columns) if (reading.values[index] === undefined) refuse(`input ${JSON.stringify(name)} is missing`);
  if (tail !== null && tail.at !== tail.bytes.length) refuse(`the body has ${tail.bytes.length - tail.at} bytes after its last input`);
  return {
    batch: { rows: reading.rows, columns: reading.values as InputValues[] },
    extras: reading.given ?? noExtras, parameters: readParameters(parameters), id: (id as string | undefined) ?? null,
    outputs: readOutputs(outputs, parameters, contract),
  };
}

interface Reading {
  readonly contract: ModelContract;
  readonly extras: readonly string[];
  readonly limits: DecodeLimits;
  readonly tail: BinaryTail | null;
  rows: number;
  readonly values: (InputValues | undefined)[];
  given: Record<string, readonly unknown[]> | null;
}

function readInput(reading: Reading, input: Record<string, unknown>): void {
  const { name } = input;
  const plan = typeof name === "string" ? planOf(reading.contract).byName.get(name) : undefined;
  if (plan === undefined) return readOther(reading, name, input);
  if (reading.values[plan.index] !== undefined) refuse(`input ${JSON.stringify(plan.name)} is there twice`);
  const datatype = checkDatatype(plan, input["datatype"]);
  const rows = sameRows(reading, plan.name, rowsOf(plan.name, plan.width, input["shape"]));
  const binary = binaryPart(reading.tail, plan.name, input);
  reading.values[plan.index] = binary === null ? fromJson(plan, datatype, input["data"], rows) : readBinary(plan, datatype, binary, rows);
}

function readOther(reading: Reading, name: unknown, input: Record<string, unknown>): void {
  const { contract, extras } = reading;
  if (typeof name !== "string" || !extras.includes(name)) return refuse(`${shown(name)} is no input of ${contract.model}; its inputs are ${contract.inputs.map((one) => one.name).join(", ").slice(0, 400)}`);
  if (reading.given !== null && Object.hasOwn(reading.given, name)) refuse(`input ${shown(name)} is there twice`);
  const rows = sameRows(reading, name, rowsOf(name, 1, input["shape"]));
  (reading.given ??= {})[name] = readExtra(name, input, binaryPart(reading.tail, name, input), rows);
}

function sameRows(reading: Reading, name: string, rows: number): number {
  if (reading.rows === -1) checkRows(rows, reading.limits);
  else if (rows !== reading.rows) refuse(`input ${JSON.stringify(name)} has ${counted(rows, "row")}, and the inputs before it have ${reading.rows}`);
  return (reading.rows = rows);
}

/** The tensor's part of the binary data; null where its values are in the JSON. */
function binaryPart(tail: BinaryTail | null, name: string, { parameters, data }: Record<string, unknown>): Buffer | null {
  const size = parameters === undefined ? undefined : asObject(parameters, `parameters of input ${JSON.stringify(name)}`)["binary_data_size"];
  if (size === undefined) return null;
  if (data !== undefined) refuse(`input ${JSON.stringify(name)} has both data and binary_data_size`);
  if (tail === null) return refuse(`input ${JSON.stringify(name)} has binary_data_size, and the request no header Inference-Header-Content-Length`);
  const left = tail.bytes.length - tail.at;
  if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > left) refuse(`input ${JSON.stringify(name)}: binary_data_size is ${shown(size)}, and ${left} bytes are left`);
  return tail.bytes.subarray(tail.at, (tail.at += size as number));
}

function fromJson(plan: ColumnPlan, datatype: string, data: unknown, rows: number): InputValues {
  const flat = flatData(plan.name, data, rows, plan.width);
  const values = emptyColumn(plan, rows);
  if (datatype === "FP16") refuse(`input ${JSON.stringify(plan.name)}: FP16 is taken as binary data only`);
  for (let i = 0; i < flat.length; i++) putValue(plan, values, i, flat[i], false);
  return values;
}
