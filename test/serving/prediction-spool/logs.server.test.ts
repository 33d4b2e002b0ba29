import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureTypeOf } from "../../../schemas/failures.ts";
import type { Settings } from "../../../schemas/settings.ts";
import { feedbackFrom } from "../../../serving/feedback.ts";
import { openServingLogs } from "../../../serving/prediction-spool/open-logs.ts";
import { predictionIds } from "../../../stores/prediction-ids.ts";
import { openPredictionKey } from "../../../stores/prediction-key.ts";
import { connectS3, type S3Connection } from "../../../stores/s3-object-store.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { testSettings } from "../../support/settings.ts";
import { buildSpooler, rowsIn, spoolUntilKilled, wrongIn } from "./killed-spooler.ts";
import { contract, record, secret } from "./samples.ts";
import { mountSmallDisk, noSmallDisk, unmountSmallDisk } from "../../support/small-disk.ts";

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

const rowsUnder = (prefix: string): Promise<Record<string, unknown>[]> => rowsIn(store, settings.home, prefix);

describe("predictions and feedback of two replicas", () => {
  test("are in the bucket once each, and either takes labels for what the other answered", async () => {
    const [one, other] = await Promise.all([machine(), machine()].map(async (each) => ({ logs: await openServingLogs(each, { segmentBytes: 8_000 }), ids: predictionIds(await openPredictionKey(store, each.home)) })));
    const records = Array.from({ length: 60 }, (_, i) => record({ id: [one, other][i % 2]!.ids.issue("flights") }));
    for (const [i, each] of records.entries()) await [one, other][i % 2]!.logs.log.append(each);
    const feedback = feedbackFrom({ ids: other!.ids, models: () => ["sales", "flights"], contracts: () => [contract], keep: other!.logs.keepFeedback, now: Date.now });
    const results = await feedback.accept([{ prediction_id: records[0]!.id, label: "1" }, { prediction_id: records[1]!.id, row: 1, label: false }, { prediction_id: record().id, label: "1" }, { prediction_id: records[2]!.id, label: "maybe" }], "shop");
    expect(results.map(({ accepted }) => accepted)).toEqual([true, true, false, false]);
    expect(await Promise.all([one!.logs.shipping.shipAll(), other!.logs.shipping.shipAll()])).toEqual([true, true]);
    await Promise.all([one!.logs.close(), other!.logs.close()]);
    const rows = await rowsUnder("predictions/flights/");
    expect(rows.map((row) => `${String(row["prediction_id"])} ${String(row["row"])}`).sort()).toEqual(records.flatMap(({ id }) => [`${id} 0`, `${id} 1`]).sort());
    expect((await rowsUnder("feedback/flights/")).map((row) => [row["prediction_id"], row["row"], row["label"], row["source"]].join(" ")).sort()).toEqual([`${records[0]!.id} 0 1 shop`, `${records[1]!.id} 1 0 shop`].sort());
    expect(JSON.stringify(rows)).not.toContain(secret);
  });
});

test("a server that keeps no predictions writes none, and still takes feedback", async () => {
  const silent = { ...machine(), predictionLog: { ...settings.predictionLog, kept: false } };
  const logs = await openServingLogs(silent);
  expect(logs.log.append(record({ contract: { ...contract, model: "silent" } }))).toBeUndefined();
  expect(logs.pending()).toEqual(new Map());
  await logs.keepFeedback("silent", { version: 1, prediction_id: record().id, row: 0, at: null, received_at: "2013-03-01T09:00:00.000Z", source: "shop", label: "1", value: null });
  await logs.close();
  expect([await rowsUnder("predictions/silent/"), (await rowsUnder("feedback/silent/")).length]).toEqual([[], 1]);
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
    const entry = await buildSpooler(settings.home);
    const home = machine();
    const seed = Date.now() % 100_000;
    const random = seededRandom(seed);
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) acknowledged.push(...(await spoolUntilKilled(entry, home, 20 + random() * (round % 2 === 0 ? 150 : 1_200))));
    const logs = await openServingLogs(home);
    await logs.shipping.shipAll();
    await logs.close();

    expect(acknowledged.length).toBeGreaterThan(100);
    expect(wrongIn(acknowledged, await rowsUnder("predictions/flights/"), await rowsUnder("feedback/flights/")), `seed ${seed}`).toEqual({ lost: [], twice: 0 });
    expect(await readdir(join(home.home, "serving", "flights", "spool"))).toEqual([]);
  }, 60_000);
});

describe("a disk that the spool has filled", () => {
  test("is emptied all the same, and takes records again", async (context) => {
    const full = machine();
    if (!mountSmallDisk(full.home, "200k")) return context.skip(noSmallDisk);
    try {
      const logs = await openServingLogs(full, { durable: true, waitMs: 100, segmentBytes: 1_000_000 });
      const contractOf = { ...contract, model: "full" };
      const taken: string[] = [];
      const refused = await (async () => {
        for (;;) {
          const one = record({ contract: contractOf });
          const failure = await Promise.resolve(logs.log.append(one)).then(() => null, failureTypeOf);
          if (failure !== null) return failure;
          taken.push(one.id);
        }
      })();
      expect(refused).toBe("Overloaded");
      await expect.poll(() => logs.shipping.shipAll(), { timeout: 20_000, interval: 100 }).toBe(true);
      const after = record({ contract: contractOf });
      await logs.log.append(after);
      expect(await logs.shipping.shipAll()).toBe(true);
      await logs.close();
      const rows = (await rowsUnder("predictions/full/")).map((row) => `${String(row["prediction_id"])} ${String(row["row"])}`);
      expect([...taken, after.id].filter((id) => !rows.includes(`${id} 0`))).toEqual([]);
      expect(new Set(rows).size).toBe(rows.length);
    } finally {
      unmountSmallDisk(full.home);
    }
  }, 60_000);
});
