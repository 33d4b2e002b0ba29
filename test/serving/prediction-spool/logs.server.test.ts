import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environmentOf, type Settings } from "../../../schemas/settings.ts";
import { feedbackFrom } from "../../../serving/feedback.ts";
import { openServingLogs } from "../../../serving/prediction-spool/open-logs.ts";
import { predictionIds } from "../../../stores/prediction-ids.ts";
import { openPredictionKey } from "../../../stores/prediction-key.ts";
import { connectS3, type S3Connection } from "../../../stores/s3-object-store.ts";
import { parquetFiles, withDuckDb } from "../../../tables/open-duckdb.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { testSettings } from "../../support/settings.ts";
import { contract, record, secret } from "./samples.ts";

const root = resolve(import.meta.dirname, "../../..");
let settings: Settings;
let store: S3Connection;
const homes: string[] = [];
/** A machine of its own before the test's bucket. */
const machine = (change: Partial<Settings["s3"]> = {}): Settings => {
  const home = mkdtempSync(join(settings.home, "machine-"));
  homes.push(home);
  return { ...settings, home, s3: { ...settings.s3, ...change } };
};
beforeAll(async () => {
  settings = await testSettings("predictions");
  const { bucket, endpoint, region, credentials } = settings.s3;
  store = connectS3({ bucket, endpoint, region, credentials: { ...credentials! } as never });
});
afterAll(() => {
  store.close();
  rmSync(settings.home, { recursive: true, force: true });
});

/** Every row below a prefix of the bucket. */
async function rowsUnder(prefix: string): Promise<Record<string, unknown>[]> {
  const files: string[] = [];
  for await (const { key } of store.list(prefix)) {
    const path = join(settings.home, `read-${files.length}.parquet`);
    await store.download(key, path);
    files.push(path);
  }
  if (files.length === 0) return [];
  return withDuckDb({ spill: join(settings.home, "spill"), timezone: "UTC" }, async (connection) => (await connection.runAndReadAll(`select * from ${parquetFiles(files, ", union_by_name = true")}`)).getRowObjectsJson());
}

describe("predictions and feedback of two replicas", () => {
  test("are in the bucket once each, and either takes labels for what the other answered", async () => {
    const [one, other] = await Promise.all([machine(), machine()].map(async (each) => ({ logs: await openServingLogs(each, { segmentBytes: 8_000 }), ids: predictionIds(await openPredictionKey(store, each.home)) })));
    const records = Array.from({ length: 60 }, (_, i) => record({ id: [one, other][i % 2]!.ids.issue("flights") }));
    for (const [i, each] of records.entries()) await [one, other][i % 2]!.logs.log.append(each);
    const feedback = feedbackFrom({ ids: other!.ids, models: () => ["sales", "flights"], contracts: () => [contract], keep: other!.logs.keepFeedback, now: Date.now });
    const results = await feedback.accept([{ prediction_id: records[0]!.id, label: "1" }, { prediction_id: records[1]!.id, row: 1, label: false }, { prediction_id: record().id, label: "1" }, { prediction_id: records[2]!.id, label: "maybe" }]);
    expect(results.map(({ accepted }) => accepted)).toEqual([true, true, false, false]);
    await Promise.all([one!.logs.close(), other!.logs.close()]);
    const rows = await rowsUnder("predictions/flights/");
    expect(rows.map((row) => `${String(row["prediction_id"])} ${String(row["row"])}`).sort()).toEqual(records.flatMap(({ id }) => [`${id} 0`, `${id} 1`]).sort());
    expect((await rowsUnder("feedback/flights/")).map((row) => [row["prediction_id"], row["row"], row["label"]].join(" ")).sort()).toEqual([`${records[0]!.id} 0 1`, `${records[1]!.id} 1 0`].sort());
    expect(JSON.stringify(rows)).not.toContain(secret);
  });
});

describe("an object store that is away", () => {
  let proxy: FaultProxy;
  afterAll(() => proxy.close());

  test("holds up nobody, is told once, and gets everything when it is back", async () => {
    proxy = await startFaultProxy(settings.s3.endpoint!);
    proxy.fault = () => ({ kind: "drop" });
    const told: string[] = [];
    const logs = await openServingLogs(machine({ endpoint: proxy.endpoint }), { segmentMs: 50, tell: (problem) => told.push(problem) });
    const away = { ...contract, model: "away" };
    const records = Array.from({ length: 20 }, () => record({ contract: away }));
    for (const one of records) await logs.log.append(one);
    expect(await logs.shipping.shipAll()).toBe(false);
    expect([await rowsUnder("predictions/away/"), logs.shipping.state.failure, told.length]).toEqual([[], expect.stringMatching(/./), 1]);
    expect(logs.pending().get("away")).toBeGreaterThan(0);
    proxy.fault = () => null;
    expect(await logs.shipping.shipAll()).toBe(true);
    expect([logs.pending().get("away"), logs.shipping.state.failure]).toEqual([0, null]);
    expect(await rowsUnder("predictions/away/")).toHaveLength(40);
    await logs.close();
  });
});

describe("a server that is killed while it answers and ships", () => {
  test("has lost nothing that it acknowledged, and the bucket holds each record once", async () => {
    const entry = join(settings.home, "spooling-process.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "spooling-process.ts")], outfile: entry, bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "silent",
      plugins: [{ name: "over-compiled", setup: (hooks) => hooks.onResolve({ filter: /^\.\.\/\.\.\/\.\.\// }, ({ path }) => ({ path: join(root, "dist", path.slice(9).replace(/\.ts$/, ".js")), external: true })) }],
    });
    const home = machine();
    const seed = Date.now() % 100_000;
    const random = seededRandom(seed);
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round++) acknowledged.push(...(await spoolUntilKilled(entry, home, 20 + random() * (round % 2 === 0 ? 150 : 1_500))));
    const logs = await openServingLogs(home);
    await logs.shipping.shipAll();
    await logs.close();

    const rows = (await rowsUnder("predictions/flights/")).map((row) => `${String(row["prediction_id"])} ${String(row["row"])}`);
    const labels = (await rowsUnder("feedback/flights/")).map((row) => `label ${String(row["prediction_id"])}`);
    const known = new Set([...rows, ...labels]);
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(acknowledged.flatMap((line) => (line.startsWith("label ") ? [line] : [`${line} 0`, `${line} 1`])).filter((line) => !known.has(line)), `seed ${seed}`).toEqual([]);
    expect([rows.length, labels.length]).toEqual([new Set(rows).size, new Set(labels).size]);
    expect(await readdir(join(home.home, "serving", "flights", "spool"))).toEqual([]);
  }, 60_000);
});

/** @returns what the process had acknowledged when it was killed. */
async function spoolUntilKilled(entry: string, home: Settings, afterMs: number): Promise<string[]> {
  const { PATH, HOME, TMPDIR } = process.env;
  const child: ChildProcess = spawn(process.execPath, [entry], { env: { PATH, HOME, TMPDIR, ...environmentOf(home), RELEARN_LOG_DURABLE: "true" }, stdio: ["ignore", "pipe", "inherit"] });
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
