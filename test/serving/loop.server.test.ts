import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createIngest } from "../../activities/ingest.ts";
import { earliestData } from "../../activities/support/earliest-data.ts";
import { closeWindows } from "../../policy/windows.ts";
import { readJson } from "../../schemas/boundary.ts";
import { column } from "../../schemas/column.ts";
import { type Ingested, ingested } from "../../schemas/dataset.ts";
import { definition as schema } from "../../schemas/definition.ts";
import type { Settings } from "../../schemas/settings.ts";
import { predictions } from "../../schemas/source.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { publicKeyOf } from "../../stores/signing.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { testSettings } from "../support/settings.ts";
import { rowsOfBlob } from "../tables/rows-of-blob.ts";
import { type LiveServer, openLiveServer } from "./live-server.ts";
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

/** A bucket, and a server over it on a machine of its own. */
interface Shop { readonly settings: Settings; readonly stores: Stores; readonly home: string; readonly server: LiveServer }

const key = generateKeyPairSync("ed25519").privateKey;
const shops: Shop[] = [];
/** @param fill what the bucket holds before the server starts */
async function openShop(fill: (store: ObjectStore) => Promise<unknown>): Promise<Shop> {
  const [settings, home] = [await testSettings("loop"), mkdtempSync(join(tmpdir(), "relearn-loop-"))];
  const stores = openStores(settings);
  await fill(stores.store);
  const shop = { settings, stores, home, server: await openLiveServer({ ...settings, home }, publicKeyOf(key)) };
  shops.push(shop);
  return shop;
}
afterEach(async () => {
  for (const { settings, stores, home, server } of shops.splice(0)) {
    await server.close();
    stores.close();
    for (const one of [home, settings.home]) rmSync(one, { recursive: true, force: true });
  }
});

const model = readFileSync(resolve(import.meta.dirname, "../fixtures/models/binary.onnx"));
const publish = (store: ObjectStore) => publishVersion(store, "rides", model, key, "rides", { outputs: { task: "binary", classes: ["0", "1"] }, consent: "may_train", inputs: Object.entries(columns).map(([name, one]) => ({ name, column: column.parse(one) })) });
/** Brings another bucket the model, the key of prediction ids, and what was asked; and nothing that anybody said. */
const withoutLabels = (from: ObjectStore) => async (to: ObjectStore): Promise<void> => {
  for (const prefix of ["blobs/", "keys/", "models/", "predictions/"]) for await (const object of from.list(prefix)) await to.put(object.key, (await from.get(object.key))!.body);
};

const say = ({ server }: Shop, ...items: readonly object[]) => server.post<{ accepted: number }>("/v1/feedback", { items });

/** What the next run would be trained on, a day each. */
async function nextData({ stores: { store, openBucket }, home }: Shop): Promise<Ingested["partitions"]> {
  const deps = { store, openBucket, scratch: join(home, "scratch"), launchers: {}, now: () => asOf } as unknown as Dependencies;
  const windows = closeWindows(pipeline, asOf, await earliestData(deps, pipeline));
  const result = await createIngest(deps)({ run: "rides/run/1", pipeline: "rides", definition: await putJsonBlob(store, pipeline), windows, asOf });
  if (result.status !== "ready") throw new Error(result.reasons.join("; "));
  return readJson(ingested, new TextDecoder().decode(await getBlob(store, result.dataset)), "dataset").partitions;
}

test("what was asked over HTTP, with consent and a label in time, is what the next version learns from, and nothing else, in whatever order and however often it is said", async () => {
  const shop = await openShop(publish);
  const ask = async (at: string, ...rows: readonly object[]) => (await shop.server.post<{ prediction_id: string }>("/v1/models/rides:predict", { instances: rows, parameters: { at } })).prediction_id;
  const yes = { carrier: "B6", delay: 0.5, may_train: true };
  const both = await ask("2013-01-01T09:00:00Z", { ...yes, distance: 1 }, { ...yes, distance: 2, may_train: false });
  const corrected = await ask("2013-01-02T09:00:00Z", { ...yes, distance: 3 });
  const tooLate = await ask("2013-01-02T10:00:00Z", { ...yes, distance: 4 });
  const silent = await ask("2013-01-03T09:00:00Z", { ...yes, distance: 5 }, { ...yes, distance: 6 });
  const young = await ask("2013-01-05T09:00:00Z", { ...yes, distance: 7 });
  const first = [{ prediction_id: both, row: 1, label: 1, at: "2013-01-01T10:00:00Z" }, { prediction_id: both, label: 1, at: "2013-01-01T10:00:00Z" }, { prediction_id: corrected, label: 0, at: "2013-01-02T10:00:00Z" }];
  const repeated = [{ prediction_id: both, label: 1, at: "2013-01-01T10:00:00Z" }, { prediction_id: corrected, label: 1, at: "2013-01-03T10:00:00Z" }];
  const others = [{ prediction_id: tooLate, label: 1, at: "2013-01-05T00:00:00Z" }, { prediction_id: silent, row: 1, label: 0, at: "2013-01-04T00:00:00Z" }, { prediction_id: young, label: 1, at: "2013-01-05T10:00:00Z" }];
  expect(await say(shop, ...first, { prediction_id: "made up", label: 1 })).toMatchObject({ accepted: 3 });
  for (const items of [repeated, others]) await say(shop, ...items);
  await shop.server.closeShipped();

  const data = await nextData(shop);
  const rows = await Promise.all(data.map(({ blob }) => rowsOfBlob(shop.stores.store, blob, shop.home)));
  expect(rows.flat().map(({ prediction_id, row, distance, late }) => [prediction_id, row, distance, late])).toEqual([
    [both, "0", 1, "1"],
    [corrected, "0", 3, "1"],
    [silent, "1", 6, "0"],
  ]);
  expect(await nextData(shop), "read again it is the same").toEqual(data);

  const other = await openShop(withoutLabels(shop.stores.store));
  for (const items of [others.toReversed(), first.toReversed(), first, repeated, others, repeated.toReversed()]) await say(other, ...items);
  await other.server.closeShipped();
  expect(await nextData(other)).toEqual(data);
});
