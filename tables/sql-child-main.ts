import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import { namingFullDisk } from "../schemas/full-disk.ts";
import { serveChild } from "../schemas/serve-child.ts";
import { checkSql } from "./check-sql.ts";
import { quote } from "./quote.ts";
import { refuseSql } from "./sql-check.ts";
import type { Row, SqlRequest } from "./sql-child.ts";

let connections: readonly DuckDBConnection[] = [];

serveChild(async (message) => {
  const request = message as SqlRequest;
  if (request.op === "open") return open(request);
  const connection = connections[request.lane];
  if (connection === undefined) throw new Error(`the sandbox has no lane ${request.lane}; it was opened with ${connections.length}`);
  if (request.op === "run") return run(connection, request.statements, request.title);
  if (request.op === "bind") return bind(connection, request.sql, request.title);
  return named(request.title, () => checkSql(connection, request));
});

/** The order matters: nothing can be set after the lock, and the folder must be known before access is cut. */
async function open({ scratch, timezone, memoryMegabytes, threads, lanes }: Extract<SqlRequest, { op: "open" }>): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const opened = await Promise.all(Array.from({ length: lanes }, () => instance.connect()));
  for (const lane of opened) await lane.run(`set TimeZone = ${quote(timezone)}`);
  const settings = [
    `memory_limit = '${memoryMegabytes}MiB'`, `threads = ${threads}`, `temp_directory = ${quote(`${scratch}/.spill`)}`, "max_temp_directory_size = '50GiB'",
    "autoinstall_known_extensions = false", "autoload_known_extensions = false", "allow_community_extensions = false",
    `allowed_directories = [${quote(`${scratch}/`)}]`, "enable_external_access = false", "lock_configuration = true",
  ];
  for (const setting of settings) await opened[0]!.run(`set ${setting}`);
  connections = opened;
}

async function run(on: DuckDBConnection, statements: readonly string[], title: string): Promise<Row[]> {
  let rows: Row[] = [];
  for (const [i, sql] of statements.entries()) {
    const last = i === statements.length - 1;
    rows = await named(title, async () => last ? (await on.runAndReadAll(sql)).getRowObjectsJS().map(plainRow) : (await on.run(sql), []));
  }
  return rows;
}

/** Prepares without running: names and types of the columns it would give. */
async function bind(on: DuckDBConnection, sql: string, title: string): Promise<Row[]> {
  return named(title, async () => {
    const statements = await on.extractStatements(sql);
    if (statements.count !== 1) refuseSql(title, `it must be one statement, but holds ${statements.count}`);
    const prepared = await statements.prepare(0);
    try {
      if (prepared.parameterCount > 0) refuseSql(title, "it must not use a parameter ($1, ?)");
      return Array.from({ length: prepared.columnCount }, (_, i) => ({ name: prepared.columnName(i), type: prepared.columnType(i).toString() }));
    } finally {
      prepared.destroySync();
    }
  });
}

const limits = /^(Out of Memory|.*max_temp_directory_size)/i;

async function named<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RelearnError) throw error;
    const message = (error as Error).message;
    if (failureTypeOf(namingFullDisk(error)) === "DiskFull") throw namingFullDisk(error);
    throw new RelearnError(limits.test(message) ? "SqlLimit" : "InvalidSql", `${title}: ${message}`);
  }
}

function plainRow(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) return plainRow(value as Record<string, unknown>);
  return value;
}
