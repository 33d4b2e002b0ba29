import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { findFlightData } from "../examples/flights/find-data.ts";
import { unzipOne } from "../examples/flights/unzip.ts";
import type { ColumnFrame, Frame } from "../schemas/sketch.ts";
import { numberFrame } from "../stats/frame.ts";
import { numberFacts } from "../tables/number-facts.ts";
import { parquetFiles, withDuckDb } from "../tables/open-duckdb.ts";
import { id, quote } from "../tables/quote.ts";
import { sketchPartitions } from "../tables/sketch-partition.ts";
import { bench } from "./support/bench.ts";
import { timed } from "./support/timing.ts";

const runs = 5;
const times = 30;
const zone = "America/New_York";
const zeroDay = "(make_date(year::int, month::int, day::int) - date '2013-01-01')::int as __partition";

/** The year's flights as they are: 19 columns, 365 days. */
async function writeFlights(connection: DuckDBConnection, folder: string, file: string): Promise<void> {
  const csv = join(folder, "flights.csv");
  await writeFile(csv, unzipOne(await readFile(join(await findFlightData(), "flights.csv.zip")), "flights.csv"));
  await connection.run(`copy (select *, ${zeroDay} from read_csv(${quote(csv)}, nullstr = ['', 'NA'])) to ${quote(file)} (format parquet)`);
}

async function frameOf(connection: DuckDBConnection, file: string): Promise<Frame> {
  const described = (await connection.runAndReadAll(`describe select * exclude (__partition) from ${quote(file)}`)).getRows() as [string, string][];
  const numbers = described.filter(([, type]) => !/VARCHAR|TIMESTAMP/.test(type)).map(([name]) => name);
  const facts = await numberFacts(connection, new Map(numbers.map((name) => [name, "number" as const])), quote(file));
  const columnOf = (name: string, type: string): ColumnFrame => {
    const found = facts.get(name);
    return found === undefined ? { kind: type === "VARCHAR" ? "category" : "time" } : numberFrame("number", found);
  };
  return { version: 1, pipeline: "flights", timezone: zone, columns: Object.fromEntries(described.map(([name, type]) => [name, columnOf(name, type)])) };
}

/** What any scan that describes columns by day must do: count, min, max, mean, deviation and distinct. */
async function plainPass(connection: DuckDBConnection, frame: Frame, file: string): Promise<void> {
  const columns = Object.entries(frame.columns).map(([name, { kind }]) => {
    const both = `count(${id(name)}), min(${id(name)}), max(${id(name)}), approx_count_distinct(${id(name)})`;
    return kind === "number" ? `${both}, avg(${id(name)}), stddev(${id(name)})` : both;
  });
  await connection.runAndReadAll(`select __partition, ${columns.join(", ")} from ${quote(file)} group by __partition`);
}

await bench("sketch", async ({ report, say }) => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-bench-sketch-"));
  try {
    const [year, large] = [join(folder, "flights.parquet"), join(folder, "large.parquet")];
    await withDuckDb({ spill: join(folder, "spill"), timezone: zone, memoryMegabytes: 200, threads: 1 }, async (connection) => {
      await writeFlights(connection, folder, year);
      say(`writing ${times} years`);
      await connection.run(`copy (select * from ${parquetFiles(Array.from({ length: times }, () => year))}) to ${quote(large)} (format parquet, row_group_size 122880)`);
    });
    await withDuckDb({ spill: join(folder, "spill"), timezone: zone, memoryMegabytes: 600 }, async (connection) => {
      const frame = await frameOf(connection, year);
      const small = await repeat(() => timed(() => sketchPartitions(connection, frame, quote(year), "__partition")));
      const smallPlain = await repeat(() => timed(() => plainPass(connection, frame, year)));
      report({
        figure: "336,776 flights by 19 columns by 365 days", unit: "ms", samples: small, limit: { name: "one DuckDB pass", samples: smallPlain },
        target: "under 2 s", met: ({ median }) => median < 2_000, notes: ["half of the 500,000 cells are the 4,043 tail numbers"],
      });
      const pairs: [number, number][] = [];
      const peaks: number[] = [];
      for (let i = 0; i < runs; i++) {
        const sketched = await timed(() => sketchPartitions(connection, frame, quote(large), "__partition"));
        peaks.push(process.resourceUsage().maxRSS / 1024);
        pairs.push([sketched, await timed(() => plainPass(connection, frame, large))]);
      }
      report({
        figure: "10,103,280 flights by 19 columns by day", unit: "ms", samples: pairs.map(([sketch]) => sketch), limit: { name: "one DuckDB pass", samples: pairs.map(([, plain]) => plain) },
        target: "within 2x of the pass", met: ({ ratio }) => ratio !== null && ratio <= 2, notes: ["count, min, max, mean, deviation, approximate distinct by day"],
      });
      report({ figure: "peak memory of the whole process", unit: "MiB", samples: peaks, target: "under 1 GiB", met: ({ max }) => max < 1024, notes: ["DuckDB's limit is 600 MiB"] });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function repeat(measure: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < runs; i++) samples.push(await measure());
  return samples;
}
