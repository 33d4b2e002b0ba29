import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readBatches } from "../../activities/scoring/batches.ts";
import { goldenRows, rowOf } from "../../inference/golden-rows.ts";
import { type InputValues, loadModel } from "../../inference/session.ts";
import { inputOf } from "../../inference/signature.ts";
import type { Golden, GoldenValue } from "../../schemas/golden.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { columns, trainFlights, writeFlights } from "./flights-model.ts";
import type { Served } from "./publish.ts";

export interface ServedFlights {
  /** The ONNX file, and its bytes. */
  readonly path: string;
  readonly bytes: Buffer;
  /** Bodies of one-row requests, all different, for `/v1/models/<model>:predict`. */
  readonly bodies: readonly string[];
  /** The same rows, as JSON. */
  readonly rows: readonly Readonly<Record<string, GoldenValue>>[];
  readonly outputs: Served["outputs"];
  readonly golden: Golden;
}

export const trees = 200;
const trainRows = 100_000;
const differentRows = 64;

/** Trains the flights model, and makes what it is asked, and what it must answer before a server lets it. */
export async function servedFlights(folder: string): Promise<ServedFlights> {
  const train = join(folder, "train.parquet");
  await writeFlights(folder, trainRows, train);
  const path = await trainFlights(folder, train, trainRows, trees);
  const bytes = await readFile(path);
  const values = await firstRows(folder, train);
  const rows = Array.from({ length: differentRows }, (_, row) => Object.fromEntries(columns.map(({ name }) => [name, jsonOf(values.get(name)![row]!)])));
  const model = await loadModel(bytes, { columns, task: "binary", classes: 2 }, 1);
  const scores: number[][] = [];
  for (let row = 0; row < goldenRows; row++) scores.push([...(await model.run(rowOf(model.inputs, values, row), 1))]);
  const golden: Golden = { version: 1, columns: columns.map(({ name }) => ({ name, values: rows.slice(0, goldenRows).map((row) => row[name]!) })), scores };
  return { path, bytes, rows, golden, outputs: { task: "binary", classes: ["0", "1"] }, bodies: rows.map((row) => JSON.stringify({ instances: [row] })) };
}

async function firstRows(folder: string, file: string): Promise<ReadonlyMap<string, InputValues>> {
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    for await (const { inputs } of readBatches(connection, parquetFiles([file]), columns, [])) return new Map(columns.map(inputOf).map(({ name }) => [name, inputs.get(name)!.slice(0, differentRows) as InputValues]));
    throw new Error("there are no rows");
  });
}

function jsonOf(value: number | bigint | string): GoldenValue {
  if (typeof value === "bigint") return Number(value);
  return Number.isNaN(value) ? null : value;
}
