import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { environmentOf, type Settings } from "../../../schemas/settings.ts";
import type { ObjectStore } from "../../../stores/object-store.ts";
import { parquetFiles, withDuckDb } from "../../../tables/open-duckdb.ts";

const root = resolve(import.meta.dirname, "../../..");

/** The spooling process runs over the compiled rooms, as a server does: `npm test` has built them. @returns its entry. */
export async function buildSpooler(folder: string): Promise<string> {
  const entry = join(folder, "spooling-process.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "spooling-process.ts")], outfile: entry, bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "silent",
    plugins: [{ name: "over-compiled", setup: (hooks) => hooks.onResolve({ filter: /^\.\.\/\.\.\/\.\.\// }, ({ path }) => ({ path: join(root, "dist", path.slice(9).replace(/\.ts$/, ".js")), external: true })) }],
  });
  return entry;
}

/** @returns what the process had acknowledged when it was killed. */
export async function spoolUntilKilled(entry: string, home: Settings, afterMs: number): Promise<string[]> {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [entry], { env: { PATH, HOME, TMPDIR, ...environmentOf(home), RELEARN_LOG_DURABLE: "true" }, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  const ended = new Promise((done) => child.once("close", done));
  await new Promise<void>((begun, failed) => {
    child.stdout!.on("data", (chunk: Buffer) => (said += chunk.toString(), begun()));
    child.once("exit", (code) => failed(new Error(`it ended with ${code} before it acknowledged anything`)));
  });
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill("SIGKILL");
  await ended;
  return said.split("\n").slice(0, -1);
}

/** Holds what was acknowledged against what is in the bucket. */
export function wrongIn(acknowledged: readonly string[], predictions: readonly Record<string, unknown>[], feedback: readonly Record<string, unknown>[]): { lost: string[]; twice: number } {
  const rows = [...predictions.map((row) => `${String(row["prediction_id"])} ${String(row["row"])}`), ...feedback.map((row) => `label ${String(row["prediction_id"])}`)];
  const known = new Set(rows);
  const said = acknowledged.flatMap((line) => (line.startsWith("label ") ? [line] : [`${line} 0`, `${line} 1`]));
  return { lost: said.filter((line) => !known.has(line)), twice: rows.length - known.size };
}

/** Every row below a prefix of the bucket. */
export async function rowsIn(store: ObjectStore, folder: string, prefix: string): Promise<Record<string, unknown>[]> {
  const files: string[] = [];
  for await (const { key } of store.list(prefix)) {
    const path = join(folder, `read-${files.length}.parquet`);
    await store.download(key, path);
    files.push(path);
  }
  if (files.length === 0) return [];
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => (await connection.runAndReadAll(`select * from ${parquetFiles(files, ", union_by_name = true")}`)).getRowObjectsJson());
}
