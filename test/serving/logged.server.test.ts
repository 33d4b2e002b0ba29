import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { column, type ColumnInput } from "../../schemas/column.ts";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import { ensureSigningKey, publicKeyOf } from "../../stores/signing.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { relearn } from "../cli/harness.ts";
import { testSettings } from "../support/settings.ts";
import { type LiveServer, openLiveServer } from "./live-server.ts";
import { rowsIn } from "./prediction-spool/killed-spooler.ts";
import { publishVersion } from "./publish-version.ts";

const bytes = readFileSync(resolve(import.meta.dirname, "../fixtures/models/binary.onnx"));
const inputs = (columns: Readonly<Record<string, ColumnInput>>) => Object.entries(columns).map(([name, one]) => ({ name, column: column.parse(one) }));
const distance: ColumnInput = { type: "number", nullable: true };
const outputs = { task: "binary" as const, classes: ["0", "1"] };
const secret = "zebra-4111-secret";
/** A machine of the server's own, and all that it said. */
const home = mkdtempSync(join(tmpdir(), "relearn-logged-"));
const said: string[] = [];

let settings: Settings;
let stores: Stores;
let server: LiveServer;
const post = async (path: string, body: unknown) => {
  const reply = await fetch(`${server.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return (await reply.json()) as Record<string, unknown> & { prediction_id: string; predictions: { label: string; score: Record<string, number> }[]; error: string };
};

beforeAll(async () => {
  settings = await testSettings("logged");
  const key = await ensureSigningKey(settings.home);
  stores = openStores(settings);
  await publishVersion(stores.store, "open", bytes, key, "open", { outputs, consent: "may_train", key: ["ride", "carrier"], inputs: inputs({ distance, carrier: { type: "category", nullable: true }, delay: { type: "number" } }) });
  await publishVersion(stores.store, "secretive", bytes, key, "secretive", { outputs, inputs: inputs({ distance, carrier: { type: "category", private: true }, delay: { type: "number", private: true } }) });
  const sink = new PassThrough().on("data", (chunk: Buffer) => said.push(chunk.toString()));
  server = await openLiveServer({ ...settings, home }, publicKeyOf(key), pino({ level: "trace" }, sink));
});
afterAll(async () => {
  await server.close();
  stores.close();
  for (const one of [home, settings.home]) rmSync(one, { recursive: true, force: true });
});

test("what a server answered lies in the bucket, with its label and consent, and is the same when asked again; private values are nowhere", async () => {
  const answer = await post("/v1/models/open:predict", { instances: [{ distance: null, carrier: "B6", delay: 0.5, may_train: true, ride: 4711 }, { distance: 700, carrier: null, delay: -1, may_train: false }] });
  const hidden = await post("/v1/models/secretive:predict", { instances: [{ distance: 1, carrier: secret, delay: 4_242.4242 }] });
  const refused = await post("/v1/models/secretive:predict", { instances: [{ distance: 1, carrier: "B6", delay: secret }] });
  expect(refused.error).toMatch(/"delay", row 0: expected .*, found a string that is private/);
  expect(await post("/v1/feedback", { items: [{ prediction_id: answer.prediction_id, row: 1, label: 1 }, { prediction_id: "guess", label: 1 }] })).toMatchObject({ accepted: 1 });
  const holders = filesUnder(home).map((path) => readFileSync(path));
  expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/relearn_log_pending_bytes\{model="open"\} [1-9]/);
  await server.closeShipped();

  const rows = await rowsIn(stores.store, settings.home, "predictions/open/");
  expect(rows.map((row) => [row["prediction_id"], row["row"], row["variant"], row["label"], row["consent"], row["in_carrier"]])).toEqual([[answer.prediction_id, 0, "champion", answer.predictions[0]!.label, true, "B6"], [answer.prediction_id, 1, "champion", answer.predictions[1]!.label, false, null]]);
  expect(rows.map((row) => JSON.parse(String(row["extras"])) as unknown)).toEqual([{ may_train: true, ride: 4711 }, { may_train: false, ride: null }]);
  expect((await rowsIn(stores.store, settings.home, "feedback/open/")).map((row) => [row["prediction_id"], row["row"], row["label"], row["source"]])).toEqual([[answer.prediction_id, 1, "1", "local"]]);
  const say = (...args: string[]) => relearn({ PATH: process.env["PATH"] ?? "", HOME: home, ...environmentOf(settings) }, ...args);
  expect(await say("replay", answer.prediction_id)).toMatchObject({ exitCode: 0, out: expect.stringMatching(/the same answer/) as string });
  expect(await say("replay", hidden.prediction_id)).toMatchObject({ exitCode: 1, out: expect.stringMatching(/private columns were not kept: carrier, delay/) as string });

  for await (const { key } of stores.store.list("")) if (!key.startsWith("blobs/")) holders.push(Buffer.from((await stores.store.get(key))!.body));
  holders.push(...filesUnder(home).map((path) => readFileSync(path)), Buffer.from(said.join("")), Buffer.from(JSON.stringify(refused)));
  const values = [Buffer.from(secret), Buffer.from(new Float32Array([4_242.4242]).buffer)];
  expect(holders.filter((one) => values.some((value) => one.includes(value)))).toEqual([]);
});

const filesUnder = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
