import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DuckDBConnection } from "@duckdb/node-api";
import { findFlightData } from "../examples/flights/find-data.ts";
import { unzipOne } from "../examples/flights/unzip.ts";
import { withDuckDb } from "../tables/open-duckdb.ts";
import { quote } from "../tables/quote.ts";
import { type Bench, bench } from "./support/bench.ts";
import { peerPython } from "./support/peers.ts";
import { timed } from "./support/timing.ts";

const runs = 5;
const numbers = ["month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay", "flight", "air_time", "distance", "hour", "minute"];
const categories = ["carrier", "tailnum", "origin", "dest"];
const profile = join(import.meta.dirname, "support", "profile-main.js");

/** One whole process, from its start to its end. */
interface Profiled { readonly ms: number; readonly peakMiB: number; readonly rows?: number; readonly metrics: number }

/** The flights of January to June, and those of July; each over again with jitter, `times` times in all. */
async function writeHalves(connection: DuckDBConnection, folder: string, times: number): Promise<void> {
  const csv = join(folder, "flights.csv");
  await writeFile(csv, unzipOne(await readFile(join(await findFlightData(), "flights.csv.zip")), "flights.csv"));
  const jittered = (name: string): string => {
    if (name === "distance") return `if(r = 0, distance, round(distance * (0.99 + random() * 0.02)))::bigint as distance`;
    const spread = { dep_delay: 3, arr_delay: 3, air_time: 2 }[name];
    return spread === undefined ? name : `if(r = 0, ${name}, round(${name} + ${spread} * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())))::double as ${name}`;
  };
  await connection.run("select setseed(0.13)");
  for (const [name, months] of [["reference", "month <= 6"], ["current", "month = 7"]] as const) {
    const rows = `select ${[...numbers, ...categories].map(jittered).join(", ")} from read_csv(${quote(csv)}, nullstr = ['', 'NA']), range(${times}) as repeated(r) where ${months}`;
    await connection.run(`copy (${rows}) to ${quote(join(folder, `${name}.parquet`))} (format parquet, compression zstd)`);
  }
}

async function profiled(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Profiled> {
  let said = "";
  const ms = await timed(async () => {
    said = (await promisify(execFile)(program, args, { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 })).stdout;
  });
  return { ms, ...(JSON.parse(said.trim().split("\n").at(-1)!) as Omit<Profiled, "ms">) };
}

const ours = (folder: string, env = {}): Promise<Profiled> => profiled(process.execPath, [profile, folder, numbers.join(","), categories.join(",")], env);

/** Null where Evidently is not installed as pinned. */
async function evidently(folder: string): Promise<Profiled | null> {
  const python = peerPython("evidently");
  return python === null ? null : profiled(python, [join(import.meta.dirname, "..", "..", "bench", "peers", "drift-evidently.py"), join(folder, "reference.parquet"), join(folder, "current.parquet"), numbers.join(","), categories.join(",")]);
}

async function beside({ report, say }: Bench, folder: string, times: number, peerRuns: number, faster: number, leaner: number): Promise<void> {
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC", memoryMegabytes: 1024 }, (connection) => writeHalves(connection, folder, times));
  const [mine, theirs]: [Profiled[], Profiled[]] = [[], []];
  for (let i = 0; i < runs; i++) {
    mine.push(await ours(folder));
    const peer = i < peerRuns ? await evidently(folder) : null;
    if (peer !== null) theirs.push(peer);
  }
  if (theirs.length === 0) say("Evidently is not installed: npm run bench:peers");
  const rows = mine[0]!.rows!.toLocaleString("en");
  const limitOf = (of: (one: Profiled) => number) => (theirs.length === 0 ? {} : { limit: { name: `Evidently's preset, ${theirs.length} run${theirs.length === 1 ? "" : "s"}`, samples: theirs.map(of) } });
  const atMost = (share: number) => ({ ratio }: { readonly ratio: number | null }) => ratio !== null && ratio <= 1 / share;
  report({ figure: `profile and drift of ${rows} flights by 17 columns`, unit: "ms", samples: mine.map(({ ms }) => ms), ...limitOf(({ ms }) => ms), target: `at least ${faster}x faster`, met: atMost(faster), notes: ["whole processes, from start to end: Parquet to PSI, Jensen-Shannon and Kolmogorov-Smirnov of January to June against July"] });
  report({ figure: `peak memory of it, ${rows} flights`, unit: "MiB", samples: mine.map(({ peakMiB }) => peakMiB), ...limitOf(({ peakMiB }) => peakMiB), target: `at least ${leaner}x leaner`, met: atMost(leaner) });
}

/** 150 numbers, a third of them with few values, and 50 categories. */
async function wide({ report }: Bench, folder: string): Promise<void> {
  const columns = Array.from({ length: 200 }, (_, i) => (i < 150 ? `${i % 3 === 0 ? `floor(random() * ${50 + i})` : `random() * ${i + 1}`} as n${i}` : `'c' || floor(random() * ${(i - 148) * 20})::int as c${i}`));
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC", memoryMegabytes: 1024 }, (connection) => connection.run(`copy (select ${columns.join(", ")} from range(1000000)) to ${quote(join(folder, "current.parquet"))} (format parquet)`));
  const names = (kind: "n" | "c"): string => columns.map((sql) => sql.split(" as ")[1]!).filter((name) => name.startsWith(kind)).join(",");
  const all: Profiled[] = [];
  for (let i = 0; i < runs; i++) all.push(await profiled(process.execPath, [profile, folder, names("n"), names("c"), "256"]));
  report({ figure: "profile and drift of 1 million rows by 200 columns", unit: "ms", samples: all.map(({ ms }) => ms), target: "under 60 s", met: ({ median }) => median < 60_000, notes: ["held against itself, so that it is sketched twice"] });
  report({ figure: "peak memory of it", unit: "MiB", samples: all.map(({ peakMiB }) => peakMiB), target: "under 512 MiB", met: ({ max }) => max < 512 });
}

await bench("drift", async (figures) => {
  const root = await mkdtemp(join(tmpdir(), "relearn-bench-drift-"));
  const inFolder = async (name: string, work: (folder: string) => Promise<void>): Promise<void> => {
    const folder = join(root, name);
    await mkdir(folder);
    await work(folder).finally(() => rm(folder, { recursive: true, force: true }));
  };
  try {
    await inFolder("flights", (folder) => beside(figures, folder, 1, runs, 15, 3));
    await inFolder("large", (folder) => beside(figures, folder, 30, 1, 30, 15));
    await inFolder("wide", (folder) => wide(figures, folder));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
