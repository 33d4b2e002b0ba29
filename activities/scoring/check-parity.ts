import type { DuckDBConnection } from "@duckdb/node-api";
import type { LoadedModel } from "../../inference/session.ts";
import type { NamedColumn } from "../../inference/signature.ts";
import { counted } from "../../policy/counted.ts";
import type { EvaluationFacts } from "../../schemas/evaluation.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { id } from "../../tables/quote.ts";
import { readBatches } from "./batches.ts";
import type { ScoringRequest } from "./protocol.ts";

type Parity = EvaluationFacts["parity"];

/**
 * Does onnxruntime give what the trainer said of the same rows? The trainer's `predictions.parquet` has a row a sample row, in
 * the same order, with columns `score_0` .. `score_<k-1>`, or `value`. Differences are relative to max(1, |v|).
 */
export async function checkParity(connection: DuckDBConnection, model: LoadedModel, columns: readonly NamedColumn[], request: Extract<ScoringRequest, { op: "parity" }>): Promise<Parity> {
  const unknown = (why: string, rows = 0): Parity => ({ rows, largest: null, tolerance: request.tolerance, why });
  const theirs = await readPredictions(connection, request.predictions, model.width).catch((error: unknown) => (error as Error).message);
  if (typeof theirs === "string") return unknown(`the trainer's predictions.parquet cannot be read: ${theirs}`);
  let [row, largest] = [0, 0];
  for await (const { rows, inputs } of readBatches(connection, parquetFiles([request.sample]), columns, [])) {
    const mine = await model.run(inputs, rows);
    if ((row + rows) * model.width > theirs.length) return unknown(`the trainer predicted ${counted(theirs.length / model.width, "row")}, and the sample has more`, row);
    for (let i = 0; i < mine.length; i++) {
      const [here, there] = [mine[i]!, theirs[row * model.width + i]!];
      if (!Number.isFinite(here)) return unknown(`the model gives ${here} for sample row ${row + Math.floor(i / model.width)}`, row);
      if (!Number.isFinite(there)) return unknown(`the trainer predicted ${there} for sample row ${row + Math.floor(i / model.width)}`, row);
      largest = Math.max(largest, Math.abs(here - there) / Math.max(1, Math.abs(there)));
    }
    row += rows;
  }
  if (row * model.width !== theirs.length) return unknown(`the trainer predicted ${counted(theirs.length / model.width, "row")}, and the sample has ${row}`, row);
  return row === 0 ? unknown("the sample has no rows") : { rows: row, largest, tolerance: request.tolerance, why: null };
}

async function readPredictions(connection: DuckDBConnection, file: string, width: number): Promise<Float64Array> {
  const described = (await connection.runAndReadAll(`describe select * from ${parquetFiles([file])}`)).getRows().map(([name]) => String(name));
  const wanted = described.includes("value") && width === 1 ? ["value"] : Array.from({ length: width }, (_, k) => `score_${k}`);
  const missing = wanted.filter((name) => !described.includes(name));
  if (missing.length > 0) throw new Error(`it has no column ${missing.join(", ")}; its columns are: ${described.join(", ")}`);
  const values: Float64Array[] = [];
  for await (const { rows, extra } of readBatches(connection, parquetFiles([file]), [], wanted.map((name) => `coalesce(${id(name)}::double, 'NaN'::double)`))) {
    values.push(Float64Array.from({ length: rows * width }, (_, i) => extra[i % width]![Math.floor(i / width)]!));
  }
  const all = new Float64Array(values.reduce((sum, part) => sum + part.length, 0));
  values.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}
