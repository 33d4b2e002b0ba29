import type { DuckDBValue } from "@duckdb/node-api";
import { listValue } from "@duckdb/node-api";
import { inputOf, type ModelInput } from "../inference/signature.ts";
import type { Column } from "../schemas/column.ts";
import type { Variant } from "../schemas/replica.ts";
import type { SpooledContract } from "../schemas/spooled.ts";

/** One request as the spool holds it: its rows by column. */
export interface DecodedPrediction {
  readonly id: string;
  readonly variant: Variant;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly latencyMs: number;
  readonly error: string | null;
  /** By name, one value a row. */
  readonly extras: Readonly<Record<string, readonly unknown[]>>;
  /** A column after another; what a model is given in place of null is null again. */
  readonly columns: readonly (readonly DuckDBValue[])[];
  /** Row by row; null where it failed. */
  readonly scores: readonly number[] | null;
}

const variants = ["champion", "canary", "shadow"] as const;

/** Number of the contract that a record goes by. */
export const contractOf = (body: Buffer): number => body.readUInt16LE(0);

/** The reverse of `predictionEncoder`. */
export function decodePrediction(body: Buffer, contract: SpooledContract): DecodedPrediction {
  let at = 20;
  const text = (): string => {
    const from = at + 4;
    at = from + body.readUInt32LE(at);
    return body.toString("utf8", from, at);
  };
  const rows = body.readUInt32LE(4);
  const [id, error, extras] = [text(), text(), text()];
  const columns = contract.columns.map((named) => {
    const input = inputOf(named);
    if (input.type === "string") return Array.from({ length: rows }, () => textOf(text(), named.column));
    const read = numbers(input, body, at, rows);
    at = read.end;
    return valuesOf(named.column, input, read.values);
  });
  const kind = body[3];
  const scores = kind === 0 ? null : [...numbersAt(kind === 2 ? "double" : "float32", body, at + 4, body.readUInt32LE(at) / (kind === 2 ? 8 : 4)) as Float32Array];
  return {
    id, rows, columns, scores, variant: variants[body[2]!]!, at: body.readDoubleLE(8), latencyMs: body.readFloatLE(16),
    error: error === "" ? null : error, extras: extras === "" ? {} : (JSON.parse(extras) as Record<string, unknown[]>),
  };
}

function numbers({ type, width }: ModelInput, body: Buffer, at: number, rows: number): { values: Float32Array | Float64Array | BigInt64Array; end: number } {
  const values = numbersAt(type, body, at, rows * width);
  return { values, end: at + values.byteLength };
}

/** A copy, because typed arrays begin at a multiple of their size. */
function numbersAt(type: ModelInput["type"], body: Buffer, at: number, count: number): Float32Array | Float64Array | BigInt64Array {
  const bytes = (type === "float32" ? 4 : 8) * count;
  const { buffer } = new Uint8Array(body.subarray(at, at + bytes));
  return type === "float32" ? new Float32Array(buffer) : type === "double" ? new Float64Array(buffer) : new BigInt64Array(buffer);
}

const textOf = (text: string, column: Column): string | null => (text === "" && "nullable" in column && column.nullable ? null : text);

function valuesOf(column: Column, { width }: ModelInput, values: Float32Array | Float64Array | BigInt64Array): DuckDBValue[] {
  if (values instanceof BigInt64Array) return [...values];
  if (column.type === "embedding") return Array.from({ length: values.length / width }, (_, row) => listValue([...values.subarray(row * width, (row + 1) * width)]));
  const plain = Array.from(values, (value) => (Number.isNaN(value) ? null : value));
  return column.type === "boolean" ? plain.map((value) => (value === null ? null : value !== 0)) : plain;
}
