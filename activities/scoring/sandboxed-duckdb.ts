import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { quote } from "../../tables/quote.ts";

export interface Sandboxing {
  /** Where it spills to. */
  readonly folder: string;
  /** What it may reach beside that: files to read, or folders to work in. */
  readonly files?: readonly string[];
  readonly folders?: readonly string[];
  readonly timezone: string;
  readonly threads: number;
  readonly memory?: string;
}

export interface Sandboxed {
  readonly connection: DuckDBConnection;
  /** Another one to the same tables, but for temporary ones: what runs on it does not end a stream of the first. */
  connect(): Promise<DuckDBConnection>;
}

/** DuckDB that reaches these paths and nothing else, for the process of a model: what people wrote may run in it. */
export async function sandboxedDuckDb({ folder, files = [], folders = [], timezone, threads, memory = "1GiB" }: Sandboxing): Promise<Sandboxed> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const settings = [
    `memory_limit = ${quote(memory)}`, `threads = ${threads}`, `temp_directory = ${quote(`${folder}/.spill`)}`, "max_temp_directory_size = '50GiB'", `TimeZone = ${quote(timezone)}`,
    "autoinstall_known_extensions = false", "autoload_known_extensions = false", "allow_community_extensions = false",
    `allowed_paths = [${files.map(quote).join(", ")}]`, `allowed_directories = [${folders.map((path) => quote(`${path}/`)).join(", ")}]`, "enable_external_access = false", "lock_configuration = true",
  ];
  for (const setting of settings) await connection.run(`set ${setting}`);
  return { connection, connect: () => instance.connect() };
}
