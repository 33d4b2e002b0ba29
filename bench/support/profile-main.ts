import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Frame } from "../../schemas/sketch.ts";
import { drift } from "../../stats/column-drift.ts";
import { numberFrame } from "../../stats/frame.ts";
import { numberFacts } from "../../tables/number-facts.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import { sketchPartitions } from "../../tables/sketch-partition.ts";

// usage: profile-main.js FOLDER NUMBERS CATEGORIES [MIB]; with so much memory for DuckDB (128) profiles FOLDER/reference.parquet (if there) and FOLDER/current.parquet, takes the drift, prints one line of JSON.
const [folder, numbers, categories, memory = "128"] = process.argv.slice(2) as [string, string, string, string?];
const named = (list: string): string[] => list.split(",").filter((name) => name !== "");
const current = join(folder, "current.parquet");
const reference = existsSync(join(folder, "reference.parquet")) ? join(folder, "reference.parquet") : current;

/** As the first accepted snapshot freezes it. */
async function frameOf(connection: DuckDBConnection): Promise<Frame> {
  const facts = await numberFacts(connection, new Map(named(numbers).map((name) => [name, "number" as const])), quote(reference));
  const columns = [...facts].map(([name, found]) => [name, numberFrame("number", found)] as const);
  return { version: 1, pipeline: "bench", timezone: "UTC", columns: { ...Object.fromEntries(columns), ...Object.fromEntries(named(categories).map((name) => [name, { kind: "category" as const }])) } };
}

async function sketchOf(connection: DuckDBConnection, frame: Frame, file: string) {
  return (await sketchPartitions(connection, frame, `(select *, 0 as __partition from ${quote(file)})`, "__partition")).get(0)!;
}

await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC", memoryMegabytes: Number(memory) }, async (connection) => {
  const frame = await frameOf(connection);
  const [before, now] = [await sketchOf(connection, frame, reference), await sketchOf(connection, frame, current)];
  const columns = drift(before, now);
  process.stdout.write(`${JSON.stringify({ rows: before.rows + now.rows, metrics: columns.length, largest: columns.reduce((a, b) => ((a.psi ?? 0) >= (b.psi ?? 0) ? a : b)), peakMiB: process.resourceUsage().maxRSS / 1024 })}\n`);
});
