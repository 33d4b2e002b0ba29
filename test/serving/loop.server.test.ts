import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createIngest } from "../../activities/ingest.ts";
import { earliestData } from "../../activities/support/earliest-data.ts";
import { closeWindows } from "../../policy/windows.ts";
import { readJson } from "../../schemas/boundary.ts";
import { column } from "../../schemas/column.ts";
import { ingested } from "../../schemas/dataset.ts";
import { definition as schema } from "../../schemas/definition.ts";
import type { Settings } from "../../schemas/settings.ts";
import { predictions } from "../../schemas/source.ts";
import { loadServerSettings, openServer } from "../../serving/open-server.ts";
import { openServingLogs } from "../../serving/prediction-spool/open-logs.ts";
import type { RunningServer } from "../../serving/serve.ts";
import { downloadBlob, getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { ensureSigningKey, publicKeyOf } from "../../stores/signing.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { testSettings } from "../support/settings.ts";
import { rowsOf } from "../tables/landing-files.ts";
import { publishVersion } from "./publish-version.ts";

const columns = { distance: { type: "number", nullable: true }, carrier: { type: "category", nullable: true }, delay: { type: "number" } } as const;
const pipeline = schema.parse({
  name: "rides",
  sources: { served: predictions() },
  columns: { ...columns, may_train: { type: "boolean", feature: false } },
  consent: "may_train",
  label: { column: "late", task: "binary", arrives: "P2D" },
  windows: { train: "P2D", holdout: "P1D" },
  trainer: { command: ["true"] },
  gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }],
});
/** Its last window ends on 4 January. */
const asOf = "2013-01-06T03:00:00Z";
const home = mkdtempSync(join(tmpdir(), "relearn-loop-"));

let settings: Settings;
let stores: Stores;
let server: RunningServer;
beforeAll(async () => {
  settings = await testSettings("loop");
  const key = await ensureSigningKey(settings.home);
  stores = openStores(settings);
  const bytes = readFileSync(resolve(import.meta.dirname, "../fixtures/models/binary.onnx"));
  await publishVersion(stores.store, "rides", bytes, key, "rides", { outputs: { task: "binary", classes: ["0", "1"] }, consent: "may_train", inputs: Object.entries(columns).map(([name, one]) => ({ name, column: column.parse(one) })) });
  server = await openServer({ ...settings, home }, loadServerSettings({ RELEARN_SERVE_PORT: "0", RELEARN_TRUST_KEYS: publicKeyOf(key) }), pino({ level: "silent" }));
  await vi.waitFor(async () => expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200), { timeout: 20_000 });
});
afterAll(async () => {
  await server.close();
  stores.close();
  for (const one of [home, settings.home]) rmSync(one, { recursive: true, force: true });
});

async function post<T>(path: string, body: unknown): Promise<T> {
  const reply = await fetch(`${server.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  expect(reply.status, await reply.clone().text()).toBe(200);
  return (await reply.json()) as T;
}
const ask = async (at: string, ...rows: readonly object[]) => (await post<{ prediction_id: string }>("/v1/models/rides:predict", { instances: rows, parameters: { at } })).prediction_id;
const say = (...items: readonly object[]) => post<{ accepted: number }>("/v1/feedback", { items });

/** What the next run would be trained on. */
async function nextRows(): Promise<readonly Record<string, unknown>[]> {
  const { store, openBucket } = stores;
  const deps = { store, openBucket, scratch: join(home, "scratch"), launchers: {}, now: () => asOf } as unknown as Dependencies;
  const windows = closeWindows(pipeline, asOf, await earliestData(deps, pipeline));
  const result = await createIngest(deps)({ run: "rides/run/1", pipeline: "rides", definition: await putJsonBlob(store, pipeline), windows, asOf });
  if (result.status !== "ready") throw new Error(result.reasons.join("; "));
  const { partitions } = readJson(ingested, new TextDecoder().decode(await getBlob(store, result.dataset)), "dataset");
  return (await Promise.all(partitions.map(async ({ blob }) => {
    const path = join(home, `${blob.sha256}.parquet`);
    await downloadBlob(store, blob, path);
    return rowsOf(path);
  }))).flat();
}

async function shipAll(): Promise<void> {
  await server.close();
  const rest = await openServingLogs({ ...settings, home });
  expect(await rest.shipping.shipAll()).toBe(true);
  await rest.close();
}

test("what was asked over HTTP, with consent and a label in time, is what the next version learns from, and nothing else", async () => {
  const yes = { carrier: "B6", delay: 0.5, may_train: true };
  const both = await ask("2013-01-01T09:00:00Z", { ...yes, distance: 1 }, { ...yes, distance: 2, may_train: false });
  const corrected = await ask("2013-01-02T09:00:00Z", { ...yes, distance: 3 });
  const tooLate = await ask("2013-01-02T10:00:00Z", { ...yes, distance: 4 });
  const silent = await ask("2013-01-03T09:00:00Z", { ...yes, distance: 5 }, { ...yes, distance: 6 });
  const young = await ask("2013-01-05T09:00:00Z", { ...yes, distance: 7 });
  expect(await say({ prediction_id: both, row: 1, label: 1, at: "2013-01-01T10:00:00Z" }, { prediction_id: both, label: 1, at: "2013-01-01T10:00:00Z" }, { prediction_id: corrected, label: 0, at: "2013-01-02T10:00:00Z" }, { prediction_id: "made up", label: 1 })).toMatchObject({ accepted: 3 });
  await say({ prediction_id: both, label: 1, at: "2013-01-01T10:00:00Z" }, { prediction_id: corrected, label: 1, at: "2013-01-03T10:00:00Z" });
  await say({ prediction_id: tooLate, label: 1, at: "2013-01-05T00:00:00Z" }, { prediction_id: silent, row: 1, label: 0, at: "2013-01-04T00:00:00Z" }, { prediction_id: young, label: 1, at: "2013-01-05T10:00:00Z" });
  await shipAll();

  const rows = await nextRows();
  expect(rows.map(({ prediction_id, row, distance, late }) => [prediction_id, row, distance, late])).toEqual([
    [both, "0", 1, "1"],
    [corrected, "0", 3, "1"],
    [silent, "1", 6, "0"],
  ]);
  expect(await nextRows(), "read again it is the same").toEqual(rows);
});
