import { appendFile, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inputOf, type NamedColumn } from "../../inference/signature.ts";
import { column } from "../../schemas/column.ts";
import type { FeedbackRecord } from "../../schemas/feedback.ts";
import type { SpoolKind } from "../../schemas/spooled.ts";
import { openPredictionSpool } from "../../serving/prediction-spool/prediction-log.ts";
import { feedbackWriter } from "../../serving/prediction-spool/feedback-writer.ts";
import { openSpool, usualSpool } from "../../serving/prediction-spool/spool.ts";
import { shipSegment } from "../../shipping/ship-segment.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { feedbackFiles, predictionFiles } from "../../stores/prediction-keys.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { readFeedback } from "../../tables/read-feedback.ts";
import { readPredictions } from "../../tables/read-predictions.ts";
import { contract, record, secret, secretNumber } from "../serving/prediction-spool/samples.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ship-segment-"));
});
afterAll(() => rm(root, { recursive: true }));

async function spooled(records: readonly ReturnType<typeof record>[]): Promise<string> {
  const folder = await mkdtemp(join(root, "spool-"));
  const { append, spool } = await openPredictionSpool({ ...usualSpool, folder });
  for (const one of records) await append(one);
  await spool.close();
  return join(folder, (await readdir(folder))[0]!);
}

const ship = (store: ObjectStore, path: string, kind: SpoolKind = "predictions") => withDuckDb({ spill: join(root, "spill"), timezone: "Europe/Berlin" }, (connection) => shipSegment(store, connection, root, { path, kind, model: "flights" }));

async function rowsOf(store: ObjectStore, window = { from: "2013-03-01T00:00:00Z", to: "2013-03-02T00:00:00Z" }): Promise<Record<string, unknown>[]> {
  const files = await predictionFiles(store, "flights", window);
  const local = await Promise.all(files.map(async ({ key }, i) => {
    const path = join(root, `${i}-${Math.random()}.parquet`);
    await store.download(key, path);
    return path;
  }));
  return withDuckDb({ spill: join(root, "spill"), timezone: "UTC" }, (connection) => readPredictions(connection, local, window));
}

describe("a segment", () => {
  test("becomes Parquet by event time, with each feature in its own type and null where nothing was known", async () => {
    const store = memoryObjectStore();
    const one = record();
    const later = record({ at: Date.UTC(2013, 2, 1, 13), variant: "canary", scores: null, error: "InferenceLimit", extras: {} });
    const shipped = await ship(store, await spooled([one, later]));
    expect(shipped.objects.map((key) => key.replace(/[0-9a-f]{32}/, "ID"))).toEqual(["predictions/flights/date=2013-03-01/hour=12/ID-0.parquet", "predictions/flights/date=2013-03-01/hour=13/ID-0.parquet"]);
    const common = { v: 3, digest: contract.digest, value: null };
    expect(await rowsOf(store)).toEqual([
      {
        ...common, prediction_id: one.id, row: 0, at: "2013-03-01 12:30:15.25+00", variant: "champion", latency_ms: 1.5, error: null, consent: true, extras: '{"may_train":true}', label: "0", score: [0.75, 0.25],
        in_carrier: "UA", in_origin: "EWR", in_note: "früh 🛫", in_distance: Math.fround(0.1), in_fare: 0.1, in_hour: "17", in_weekend: true, in_scheduled_at: "2013-03-01 12:13:20.000001+00", in_words: [1, 2, 3],
      },
      {
        ...common, prediction_id: one.id, row: 1, at: "2013-03-01 12:30:15.25+00", variant: "champion", latency_ms: 1.5, error: null, consent: null, extras: '{"may_train":null}', label: "1", score: [Math.fround(0.1), Math.fround(0.9)],
        in_carrier: null, in_origin: "", in_note: null, in_distance: null, in_fare: -0, in_hour: "-9007199254740993", in_weekend: null, in_scheduled_at: "1970-01-01 00:00:00+00", in_words: [4, 5, 6],
      },
      ...[0, 1].map((row) => expect.objectContaining({ prediction_id: later.id, row, at: "2013-03-01 13:00:00+00", variant: "canary", error: "InferenceLimit", consent: null, extras: null, label: null, score: null }) as Record<string, unknown>),
    ]);
  });

  test("that is shipped twice, by whoever, is there once", async () => {
    const store = memoryObjectStore();
    const path = await spooled([record(), record()]);
    const copy = `${path}.copy`;
    await writeFile(copy, await readFile(path));
    expect((await ship(store, path)).objects).toEqual((await ship(store, copy)).objects);
    expect(await rowsOf(store)).toHaveLength(4);
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("of thousands of predictions keeps each with its own values", async () => {
    const store = memoryObjectStore();
    const base = record();
    const records = Array.from({ length: 3_000 }, (_, i) => record({
      at: Date.UTC(2013, 2, 1, 12) + i, scores: Float64Array.of(i, -i, 0.5, i % 7), extras: { may_train: [i % 2 === 0, i % 3 === 0] },
      batch: { rows: 2, columns: base.batch.columns.map((values, k) => (k === 0 ? [`c${i}`, `d${i}`] : k === 5 ? BigInt64Array.of(BigInt(i), BigInt(-i)) : values)) },
    }));
    await ship(store, await spooled(records));
    const rows = await rowsOf(store);
    expect(rows.map((row) => [row["prediction_id"], row["in_carrier"], row["in_hour"], row["consent"], row["score"], row["label"]])).toEqual(records.flatMap(({ id }, i) => [
      [id, `c${i}`, `${i}`, i % 2 === 0, [i, -i], "0"], [id, `d${i}`, `${-i}`, i % 3 === 0, [0.5, i % 7], i % 7 > 0.5 ? "1" : "0"],
    ]));
  });

  test("is not held up by values at the end of what 64 bits hold", async () => {
    const store = memoryObjectStore();
    const times = [2n ** 63n - 1n, -(2n ** 63n)];
    const { batch: { rows, columns } } = record();
    const far = record({ batch: { rows, columns: columns.map((values) => (values instanceof BigInt64Array ? BigInt64Array.from(times) : values)) } });
    await ship(store, await spooled([far, record()]));
    const written = await rowsOf(store);
    expect(written.map((row) => row["in_hour"]).slice(0, 2)).toEqual(times.map(String));
    expect(written).toHaveLength(4);
  });

  test("of very many hours goes on where the last try was cut off", async () => {
    const store = memoryObjectStore();
    const path = await spooled(Array.from({ length: 40 }, (_, hour) => record({ at: hour * 3_600_000 })));
    const uploaded: string[] = [];
    const cutAfter = (most: number): ObjectStore => ({ ...store, upload: async (...args) => (uploaded.length === most ? Promise.reject(new Error("away")) : (uploaded.push(args[0]), store.upload(...args))) });
    await expect(ship(cutAfter(30), path)).rejects.toThrow("away");
    expect((await ship(cutAfter(Infinity), path)).objects).toHaveLength(40);
    expect([uploaded.length, new Set(uploaded).size]).toEqual([40, 40]);
  });

  test("stays until everything of it is stored", async () => {
    const store = memoryObjectStore();
    const path = await spooled([record(), record({ at: Date.UTC(2013, 2, 1, 15) })]);
    let puts = 0;
    await expect(ship({ ...store, upload: (...args) => (++puts === 2 ? Promise.reject(new Error("away")) : store.upload(...args)) }, path)).rejects.toThrow("away");
    await ship(store, path);
    expect(await rowsOf(store)).toHaveLength(4);
  });

  test("whose end was never written whole gives all that comes before it", async () => {
    const store = memoryObjectStore();
    const path = await spooled([record()]);
    const whole = await readFile(path);
    await appendFile(path, whole.subarray(8, 100));
    expect(await ship(store, path)).toMatchObject({ records: 1, damaged: 0 });
    for (const bytes of [0, 5, 8, 12]) {
      const short = await spooled([record()]);
      await writeFile(short, whole.subarray(0, bytes));
      expect(await ship(store, short)).toMatchObject({ records: 0, objects: [] });
    }
    expect(await rowsOf(store)).toHaveLength(2);
  });

  test("that the disk changed in its middle gives the rest, and is kept for a person", async () => {
    const store = memoryObjectStore();
    const folder = await mkdtemp(join(root, "spool-"));
    const { append, spool } = await openPredictionSpool({ ...usualSpool, folder, durable: true });
    for (let i = 0; i < 20; i++) await append(record());
    await spool.close();
    const path = join(folder, (await readdir(folder))[0]!);
    const bytes = await readFile(path);
    bytes[Math.floor(bytes.length * 0.8)]! ^= 1;
    await writeFile(path, bytes);
    expect(await ship(store, path)).toMatchObject({ records: 19, damaged: 1 });
    expect(await readdir(folder)).toEqual([expect.stringMatching(/\.segment\.damaged$/)]);
  });

  test("of every format that ever was is shipped, and says the same", async () => {
    const fixtures = resolve(import.meta.dirname, "../fixtures/spool");
    const store = memoryObjectStore();
    const copy = join(root, "old.segment");
    await copyFile(join(fixtures, "predictions-1.segment"), copy);
    await ship(store, copy);
    await expect(`${JSON.stringify(await rowsOf(store), null, 1)}\n`).toMatchFileSnapshot(join(fixtures, "predictions-1.json"));
  });

  test("of feedback gives the labels back as they were received, also those of before it was noted who sent them", async () => {
    const store = memoryObjectStore();
    const folder = await mkdtemp(join(root, "spool-"));
    const given: FeedbackRecord[] = [
      { version: 1, prediction_id: "p", row: 0, label: "ü1", value: null, at: null, received_at: "2026-11-25T23:59:59.999Z", source: "shop \"ü\"" },
      { version: 1, prediction_id: "p", row: 7, label: null, value: -0.1, at: "2026-11-20T08:00:00.250Z", received_at: "2026-11-26T00:00:00.000Z", source: null },
    ];
    const spool = await openSpool({ ...usualSpool, folder, durable: true }, () => Buffer.alloc(0));
    const { source: _, ...unnamed } = given[1]!;
    const spooled = [given[0]!, unnamed as FeedbackRecord];
    await Promise.all(spooled.map(async (one) => spool.append(one, feedbackWriter)));
    await spool.close();
    const { objects } = await ship(store, join(folder, (await readdir(folder))[0]!), "feedback");
    expect(objects.map((key) => key.replace(/[0-9a-f]{32}/, "ID"))).toEqual(["feedback/flights/date=2026-11-25/ID.parquet", "feedback/flights/date=2026-11-26/ID.parquet"]);
    const files = await Promise.all((await feedbackFiles(store, "flights", { from: "2026-11-25T12:00:00Z", to: "2026-11-26T12:00:00Z" })).map(async ({ key }, i) => {
      await store.download(key, join(root, `feedback-${i}.parquet`));
      return join(root, `feedback-${i}.parquet`);
    }));
    expect(await withDuckDb({ spill: join(root, "spill"), timezone: "Asia/Tokyo" }, (connection) => readFeedback(connection, files))).toEqual(given);
  });

  test("of two versions with other columns is read as one, and a file of a format to come is refused", async () => {
    const store = memoryObjectStore();
    const columns: NamedColumn[] = [{ name: "distance", column: column.parse({ type: "number", wide: true }) }, { name: "gate", column: column.parse({ type: "category" }) }];
    const next = { ...contract, v: 4, columns, inputs: columns.map(inputOf), task: "regression" as const, classes: null };
    await ship(store, await spooled([record(), record({ contract: next, at: Date.UTC(2013, 2, 1, 13), batch: { rows: 1, columns: [Float64Array.of(0.1), ["A1"]] }, scores: Float64Array.of(17.25) })]));
    const rows = await rowsOf(store);
    expect(rows.map((row) => [row["v"], row["in_distance"], row["in_gate"] ?? null, row["value"], row["label"]])).toEqual([[3, Math.fround(0.1), null, null, "0"], [3, null, null, null, "1"], [4, 0.1, "A1", 17.25, null]]);
    const [file] = await predictionFiles(store, "flights", { from: "2013-03-01T12:00:00Z", to: "2013-03-01T13:00:00Z" });
    const later = Buffer.from((await store.get(file!.key))!.body).toString("latin1").replace(/(relearn_format.{0,8}?)1/s, "$12");
    await store.put(file!.key, Buffer.from(later, "latin1"));
    await expect(rowsOf(store)).rejects.toMatchObject({ type: "Corrupt", message: expect.stringMatching(/format 2; this Relearn reads format 1/) as string });
  });

  test("holds no private value, nor does what becomes of it", async () => {
    const store = memoryObjectStore();
    const path = await spooled([record()]);
    const hidden = [Buffer.from(secret), Buffer.from(new Float32Array([secretNumber]).buffer)];
    const holders = [await readFile(path)];
    const { objects } = await ship(store, path);
    for (const key of objects) holders.push(Buffer.from((await store.get(key))!.body));
    for (const bytes of holders) expect(hidden.map((value) => bytes.includes(value))).toEqual([false, false]);
    expect(Object.keys((await rowsOf(store))[0]!).filter((name) => /card|income/.test(name))).toEqual([]);
  });
});
