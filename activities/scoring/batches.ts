import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { InputValues } from "../../inference/session.ts";
import { inputOf, type NamedColumn } from "../../inference/signature.ts";
import { id } from "../../tables/quote.ts";
import { readStrings } from "./read-strings.ts";

/** How a column reaches its ONNX input: nulls become what the model expects in their place. */
export function inputSql({ name, column }: NamedColumn): string {
  const value = id(name);
  switch (column.type) {
    case "number":
      return column.wide ? `coalesce(${value}::double, 'NaN'::double)` : `coalesce(${value}::float, 'NaN'::float)`;
    case "integer":
      return `${value}::bigint`;
    case "time":
      return `epoch_us(${value})::bigint`;
    case "category":
    case "text":
      return `coalesce(${value}::varchar, '')`;
    case "boolean":
      return `coalesce(${value}::boolean::integer::float, 'NaN'::float)`;
    case "embedding":
      return `${value}::float[${column.size}]`;
  }
}

export interface Batch {
  readonly rows: number;
  /** The model's inputs, by column name. */
  readonly inputs: ReadonlyMap<string, InputValues>;
  /** The further expressions asked for, in order, as numbers. */
  readonly extra: readonly Float64Array[];
}

const batchRows = 8_192;

/**
 * Streams rows as model inputs, in the order of the files. The next chunk is decoded by DuckDB's threads while the caller works
 * on a batch; two batches are in memory at a time.
 * @param extra SQL of numbers wanted beside the inputs.
 */
export async function* readBatches(connection: DuckDBConnection, from: string, columns: readonly NamedColumn[], extra: readonly string[]): AsyncGenerator<Batch> {
  const list = [...columns.map(inputSql), ...extra.map((sql) => `(${sql})::double`)];
  const result = await connection.stream(`select ${list.join(", ")} from ${from}`);
  let waiting: Promise<DuckDBDataChunk | null> = result.fetchChunk();
  let chunks: DuckDBDataChunk[] = [];
  let rows = 0;
  for (;;) {
    const chunk = await waiting;
    const ended = chunk === null || chunk.rowCount === 0;
    if (!ended) {
      waiting = result.fetchChunk();
      chunks.push(chunk);
      rows += chunk.rowCount;
    }
    if (rows > 0 && (ended || rows + 2_048 > batchRows)) {
      yield batchOf(chunks, rows, columns, extra.length);
      [chunks, rows] = [[], 0];
    }
    if (ended) return;
  }
}

function batchOf(chunks: readonly DuckDBDataChunk[], rows: number, columns: readonly NamedColumn[], extra: number): Batch {
  const inputs = new Map(columns.map((column, i) => [column.name, gather(chunks, i, rows, column)]));
  return { rows, inputs, extra: Array.from({ length: extra }, (_, i) => numbers(chunks, columns.length + i, new Float64Array(rows))) };
}

function gather(chunks: readonly DuckDBDataChunk[], at: number, rows: number, column: NamedColumn): InputValues {
  const { type, width } = inputOf(column);
  if (width > 1 || column.column.type === "embedding") return lists(chunks, at, new Float32Array(rows * width), width);
  if (type === "string") return strings(chunks, at, rows);
  return numbers(chunks, at, type === "int64" ? new BigInt64Array(rows) : type === "double" ? new Float64Array(rows) : new Float32Array(rows));
}

function numbers<T extends Float32Array | Float64Array | BigInt64Array>(chunks: readonly DuckDBDataChunk[], at: number, into: T): T {
  let row = 0;
  for (const chunk of chunks) {
    const { items } = chunk.getColumnVector(at) as unknown as { readonly items: ArrayLike<never> & Iterable<never> };
    (into as { set(values: ArrayLike<never>, from: number): void }).set(items, row);
    row += chunk.rowCount;
  }
  return into;
}

function strings(chunks: readonly DuckDBDataChunk[], at: number, rows: number): string[] {
  const into = new Array<string>(rows);
  let row = 0;
  for (const chunk of chunks) {
    const count = chunk.rowCount;
    readStrings(chunk.getColumnVector(at), into, row, count);
    row += count;
  }
  return into;
}

function lists(chunks: readonly DuckDBDataChunk[], at: number, into: Float32Array, width: number): Float32Array {
  let row = 0;
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(at);
    // Asking a chunk for its rows is a call out of JavaScript.
    const count = chunk.rowCount;
    for (let i = 0; i < count; i++) into.set((vector.getItem(i) as { readonly items: readonly number[] } | null)?.items ?? [], row++ * width);
  }
  return into;
}
