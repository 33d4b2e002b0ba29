import { mkdir } from "node:fs/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { quote } from "./quote.ts";

export interface DuckDbOptions {
  /** Folder for what does not fit into memory. */
  readonly spill: string;
  /** IANA name. */
  readonly timezone: string;
  /** Default 1024. */
  readonly memoryMegabytes?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` on a DuckDB of its own in this process, for statements that hold nothing people wrote: their SQL belongs in
 * the sandbox (`sql-child.ts`). Aborting the signal interrupts the statement that runs.
 */
export async function withDuckDb<T>(options: DuckDbOptions, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { spill, timezone, memoryMegabytes = 1024, threads = 2, signal } = options;
  await mkdir(spill, { recursive: true });
  const settings = { memory_limit: `${memoryMegabytes}MiB`, threads: String(threads), temp_directory: spill, autoinstall_known_extensions: "false", autoload_known_extensions: "false" };
  const instance = await DuckDBInstance.create(":memory:", settings);
  const connection = await instance.connect();
  const interrupt = () => connection.interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    signal?.throwIfAborted();
    await connection.run(`set TimeZone = ${quote(timezone)}`);
    return await work(connection);
  } finally {
    signal?.removeEventListener("abort", interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

/** A table function over Parquet files, to stand in a FROM. */
export function parquetFiles(files: readonly string[], options = ""): string {
  return `read_parquet([${files.map(quote).join(", ")}]${options})`;
}
