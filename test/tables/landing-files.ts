import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";

export type Cells = Readonly<Record<string, string | number | boolean | null>>;

let connection: Promise<DuckDBConnection> | null = null;
const duckdb = () => (connection ??= DuckDBInstance.create(":memory:").then((instance) => instance.connect()));

/** Writes what a SELECT gives as Parquet. */
export async function writeParquet(path: string, select: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await (await duckdb()).run(`copy (${select}) to '${path}' (format parquet)`);
  return path;
}

export async function writeText(path: string, text: string | Uint8Array): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** Rows of a Parquet file, times and big integers as text. */
export async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  return (await (await duckdb()).runAndReadAll(`select * from read_parquet('${path}')`)).getRowObjectsJson() as Record<string, unknown>[];
}

export function csvText(rows: readonly Cells[], delimiter = ","): string {
  const names = Object.keys(rows[0] ?? {});
  return [names.join(delimiter), ...rows.map((row) => names.map((name) => row[name] ?? "").join(delimiter))].join("\n") + "\n";
}

export const jsonlText = (rows: readonly Cells[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** A SELECT of these rows, in their order. */
export function valuesSql(rows: readonly Cells[]): string {
  const literal = (value: Cells[string]) => (value === null || value === undefined ? "null" : typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value));
  return rows.map((row) => `select ${Object.entries(row).map(([name, value]) => `${literal(value)} as ${name}`).join(", ")}`).join(" union all ");
}

export const inFolder = (folder: string) => (name: string) => join(folder, name);
