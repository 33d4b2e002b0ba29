import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NamedColumn } from "../../inference/signature.ts";
import { column, type ColumnInput } from "../../schemas/column.ts";
import { packageRoot } from "../../schemas/child-entry.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";

/** Columns like those of the flights: three categories, whole numbers, and weather that is sometimes missing. */
const declared: Readonly<Record<string, ColumnInput>> = {
  carrier: { type: "category" }, origin: { type: "category" }, dest: { type: "category" },
  hour: { type: "integer" }, weekday: { type: "integer" }, distance: { type: "number" }, air_time: { type: "number" },
  temp: { type: "number", nullable: true }, wind: { type: "number", nullable: true }, precip: { type: "number", nullable: true }, visib: { type: "number", nullable: true }, pressure: { type: "number", nullable: true },
};
export const columns: readonly NamedColumn[] = Object.entries(declared).map(([name, input]) => ({ name, column: column.parse(input) }));

/** Rows that are the same on every machine: everything is a hash of the row's number. */
export async function writeFlights(folder: string, rows: number, file: string): Promise<void> {
  const u = (salt: number) => `((hash(i * 16 + ${salt}) % 1000000) / 1000000.0)`;
  const sometimes = (value: string, salt: number) => `case when ${u(salt)} > 0.05 then ${value} end`;
  const sql = `select 'C' || floor(${u(1)} * 16)::int as carrier, 'O' || floor(${u(2)} * 3)::int as origin, 'D' || floor(${u(3)} * 100)::int as dest,
    floor(5 + ${u(4)} * 19)::bigint as hour, floor(${u(5)} * 7)::bigint as weekday, 80 + ${u(6)} * 4900 as distance, 20 + ${u(7)} * 650 as air_time,
    ${sometimes(`10 + ${u(8)} * 90`, 9)} as temp, ${sometimes(`${u(10)} * 40`, 11)} as wind, ${sometimes(`greatest(0, ${u(12)} - 0.9) * 5`, 13)} as precip,
    ${sometimes(`${u(14)} * 10`, 15)} as visib, 990 + ${u(0)} * 50 as pressure from range(${rows}) t(i)`;
  const late = "case when (hash(row_number() over ()) % 1000) / 1000.0 < 0.1 + 0.015 * (hour - 5) + coalesce(precip, 0) * 0.4 + (carrier in ('C1', 'C2'))::int * 0.1 then '1' else '0' end as late";
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => void (await connection.run(`copy (select *, ${late} from (${sql})) to ${quote(file)} (format parquet, compression zstd)`)));
}

/** A LightGBM model of `trees` trees by the reference trainer, as a pipeline would get it. @returns the path of its ONNX file. */
export async function trainFlights(folder: string, train: string, rows: number, trees: number): Promise<string> {
  const root = packageRoot(import.meta.dirname);
  const at = (name: string) => join(folder, name);
  for (const name of ["out", "checkpoints"]) await mkdir(at(name), { recursive: true });
  const inputs = ["train/rows.parquet", "sample/sample.parquet"].map((path) => ({ path, file: train, rows }));
  await writeFile(at("manifest.json"), JSON.stringify({ version: 1, run: "bench", job: "bench", seed: 1, inputs, columns, label: { column: "late", task: "binary", classes: ["0", "1"] } }));
  await writeFile(at("params.json"), JSON.stringify({ iterations: trees, early_stopping: 0, validation_share: 0 }));
  const env = {
    ...process.env, PYTHONPATH: join(root, "trainers"), OMP_WAIT_POLICY: "PASSIVE", RELEARN_INPUT_MANIFEST: at("manifest.json"), RELEARN_INPUT_DIR: folder,
    RELEARN_PARAMS: at("params.json"), RELEARN_OUTPUT_DIR: at("out"), RELEARN_CHECKPOINT_DIR: at("checkpoints"), RELEARN_PROGRESS: at("progress.jsonl"),
  };
  await promisify(execFile)(join(root, ".venv", "bin", "python"), ["-m", "relearn_trainers.lightgbm"], { env, timeout: 600_000, maxBuffer: 1 << 24 });
  return at("out/model.onnx");
}
