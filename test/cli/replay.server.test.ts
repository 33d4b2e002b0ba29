import { readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ModelContract } from "../../inference/contract.ts";
import { loadModel } from "../../inference/session.ts";
import { inputOf, type NamedColumn } from "../../inference/signature.ts";
import { column, type ColumnInput } from "../../schemas/column.ts";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import type { PredictionRecord } from "../../serving/prediction-log.ts";
import { openServingLogs } from "../../serving/prediction-spool/open-logs.ts";
import { putBlob } from "../../stores/blobs.ts";
import { predictionIds } from "../../stores/prediction-ids.ts";
import { openPredictionKey } from "../../stores/prediction-key.ts";
import { openRegistry } from "../../stores/registry.ts";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { robot, sampleManifest } from "../stores/registry-samples.ts";
import { testSettings } from "../support/settings.ts";
import { relearn } from "./harness.ts";

const bytes = readFileSync(resolve(import.meta.dirname, "../fixtures/models/binary.onnx"));
const named = (columns: Readonly<Record<string, ColumnInput>>): NamedColumn[] => Object.entries(columns).map(([name, one]) => ({ name, column: column.parse(one) }));
const columns = named({ distance: { type: "number", nullable: true }, carrier: { type: "category", nullable: true }, delay: { type: "number" } });
const secretly = named({ distance: { type: "number", nullable: true }, carrier: { type: "category", nullable: true }, delay: { type: "number", private: true } });
const batch = { rows: 3, columns: [new Float32Array([0.1, NaN, 2_500]), ["B6", "", "new"], new Float32Array([1.7, -0.3, 0.2])] };

let settings: Settings;
const ids: Record<string, string> = {};
const longAgo = Date.UTC(2013, 2, 1, 12);
const say = (...args: string[]) => relearn({ PATH: process.env["PATH"] ?? "", HOME: settings.home, ...environmentOf(settings) }, ...args);

beforeAll(async () => {
  settings = await testSettings("replay");
  const { bucket, endpoint, region, credentials } = settings.s3;
  const store = connectS3({ bucket, endpoint, region, credentials: { ...credentials! } as never });
  const [model, evaluation] = [await putBlob(store, bytes), await putBlob(store, Buffer.from("{}"))];
  await openRegistry(store, "flights").register({ txn: "register", actor: robot, run: robot.name, model, evaluation, describe: async (v) => ({ manifest: sampleManifest("flights", v, model, evaluation), card: "" }) });
  const contract: ModelContract = { model: "flights", v: 1, digest: model.sha256, columns, inputs: columns.map(inputOf), task: "binary", classes: ["0", "1"] };
  const scores = (await (await loadModel(bytes, { columns, task: "binary", classes: 2 }, 1)).run(new Map(columns.map(({ name }, i) => [name, batch.columns[i]!])), 3)) as Float32Array;
  const known = predictionIds(await openPredictionKey(store, settings.home));
  const logs = await openServingLogs(settings);
  const log = async (name: string, change: Partial<PredictionRecord>): Promise<void> => {
    ids[name] = known.issue("flights");
    await logs.log.append({ id: ids[name], contract, variant: "champion", at: Date.now(), batch, extras: {}, scores, error: null, latencyMs: 1, ...change });
  };
  await log("same", {});
  await log("other", { scores: scores.map((score) => score + 0.01) });
  await log("backfilled", { at: longAgo });
  await log("failed", { scores: null, error: "InferenceLimit" });
  await log("private", { contract: { ...contract, columns: secretly } });
  await log("replaced", { contract: { ...contract, digest: "cd".repeat(32) } });
  await logs.shipping.shipAll();
  await logs.close();
  store.close();
});
afterAll(() => rmSync(settings.home, { recursive: true, force: true }));

test("a prediction gives the same answer again, from the stored model and input", async () => {
  const { exitCode, out, err } = await say("replay", ids["same"]!);
  expect([exitCode, out + err]).toEqual([0, expect.stringMatching(/: flights, .*\n {2}version 1 \(champion, [0-9a-f]{12}\), 3 rows: the same answer \(to the last bit\)/)]);
});

test("an answer that is another now is told, with the difference", async () => {
  const { exitCode, json } = await say("replay", ids["other"]!, "--json");
  const { replays: [found] } = json<{ replays: { same: boolean; largest: number }[] }>();
  expect([exitCode, found!.same]).toEqual([1, false]);
  expect(found!.largest).toBeCloseTo(0.01, 5);
});

test("a prediction with an event time of its own is found by it", async () => {
  expect(await say("replay", ids["backfilled"]!)).toMatchObject({ exitCode: 1, err: expect.stringContaining("--at <time>") });
  expect(await say("replay", ids["backfilled"]!, "--at", "2013-03-01T12:00:00Z")).toMatchObject({ exitCode: 0, out: expect.stringContaining("2013-03-01 12:00:00Z") });
});

test.each([
  ["failed", /cannot be told: it had no answer: it failed with InferenceLimit/],
  ["private", /cannot be told: values of private columns were not kept: delay/],
  ["replaced", /cannot be told: version 1 is not the model that answered: that was cdcdcdcdcdcd/],
])("a prediction that cannot be asked again says why: %s", async (name, reason) => {
  expect(await say("replay", ids[name]!)).toMatchObject({ exitCode: 1, out: expect.stringMatching(reason) });
});

test("an id that nobody issued is refused", async () => {
  expect(await say("replay", "nonsense")).toMatchObject({ exitCode: 2, err: expect.stringContaining("is no prediction id") });
  expect(await say("replay", predictionIds(Buffer.alloc(32)).issue("flights"))).toMatchObject({ exitCode: 1, err: expect.stringContaining("no model of this bucket issued") });
});
