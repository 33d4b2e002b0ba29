import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNewData } from "../../activities/new-data.ts";
import type { Definition, DefinitionInput } from "../../schemas/definition.ts";
import { predictions } from "../../schemas/source.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { writeParquet } from "../tables/landing-files.ts";
import { daysFrom, tripsOf } from "./ingest-stage.ts";
import { type Asked, openPredictionsStage, type PredictionsStage, type Said } from "./predictions-stage.ts";

let stage: PredictionsStage;
beforeEach(async () => {
  stage = await openPredictionsStage();
});
afterEach(() => stage.close());

/** Labels may come for two days. */
const arrives = "P2D";
const define = (change: Partial<DefinitionInput> = {}): Definition => stage.define({ sources: { served: predictions() }, label: { column: "late", task: "binary", arrives }, ...change });
const days = daysFrom(1, 6);
/** Windows that end on 5 January: what is younger has labels still to come. */
const asOf = "2013-01-07T03:00:00Z";
/** Four predictions a day, of which the odd ones come true an hour later. */
const askedOn = (day: string): Asked[] => [0, 1, 2, 3].map((i) => ({ id: `${day}-${i}`, at: `${day}T0${6 + i}:30:00Z`, kind: i % 2 === 0 ? "bus" : "tram", length: i }));
const saidOf = (asked: readonly Asked[]): Said[] => asked.map(({ id, at, length }) => ({ id, label: String(length! % 2), received: new Date(Date.parse(at) + 3_600_000).toISOString() }));
const all = days.flatMap(askedOn);

const rowsOf = async (definition: Definition, at = asOf) => {
  const { partitions } = await stage.dataset(definition, at);
  return (await Promise.all(partitions.map(({ blob }) => stage.rows(blob)))).flat().map((row) => row as { prediction_id: string; late: string; kind: string; length: number }).sort((a, b) => (a.prediction_id < b.prediction_id ? -1 : 1));
};

describe("what a model was asked becomes the next data set", () => {
  test("with the labels that came true, a partition a day, and no younger one than all its labels", async () => {
    await stage.asked("a", all);
    await stage.said("a", saidOf(all));
    const dataset = await stage.dataset(define(), asOf);
    expect(dataset.partitions.map(({ name, rows }) => [name, rows])).toEqual([["2013-01-01", 4], ["2013-01-02", 4], ["2013-01-03", 4], ["2013-01-04", 4]]);
    expect((await rowsOf(define())).find(({ prediction_id }) => prediction_id === "2013-01-01-1")).toMatchObject({ prediction_id: "2013-01-01-1", row: "0", at: "2013-01-01 07:30:00+00", kind: "tram", length: 1, late: "1", __file: "predictions/trips/2013-01-01" });
    expect(dataset.notes).toEqual(expect.arrayContaining(["source served: of 16 answered rows 0 came without consent and 0 had no label within P2D"]));
  });

  test("once: the same log is read once, and one day more reads one day", async () => {
    await stage.asked("a", all);
    await stage.said("a", saidOf(all));
    const first = await stage.ingest(define(), asOf);
    expect(first).toMatchObject({ status: "ready", filesRead: 4 });
    expect(await stage.ingest(define(), asOf)).toEqual({ ...first, filesRead: 0 });
    expect(await stage.ingest(define(), "2013-01-08T03:00:00Z")).toMatchObject({ filesRead: 1, partitions: 4 });
  });

  test("without copies to a shadow, failures, and those that gave no consent", async () => {
    const odd: Asked[] = [{ id: "shadow", at: "2013-01-03T09:00:00Z", variant: "shadow" }, { id: "failed", at: "2013-01-03T09:00:00Z", error: "Timeout" }, { id: "refused", at: "2013-01-03T09:00:00Z", consent: false }, { id: "said yes", at: "2013-01-03T09:00:00Z", consent: true }];
    await stage.asked("a", [...all, ...odd]);
    await stage.said("a", saidOf([...all, ...odd.map((one) => ({ ...one, length: 1 }))]));
    expect((await rowsOf(define())).map(({ prediction_id }) => prediction_id).filter((id) => !id.startsWith("2013"))).toEqual(["said yes"]);
    const asked = define({ consent: "may_train", columns: { kind: { type: "category" }, length: { type: "number", nullable: true }, may_train: { type: "boolean", feature: false } } });
    expect((await rowsOf(asked)).map(({ prediction_id }) => prediction_id)).toEqual(["said yes"]);
  });

  test("beside rows that landed, where prepare says so, also before the model was asked anything", async () => {
    for (const day of days) await writeParquet(stage.at(`trips/${day}.parquet`), tripsOf(day, 2));
    const both = define({
      sources: { trips: { format: "parquet", uri: stage.at("trips/{yyyy}-{MM}-{dd}.parquet"), time: "at", key: "id" }, served: predictions() },
      prepare: "select id, \"at\", kind, length, late::varchar as late from trips union all by name select 'asked ' || prediction_id as id, \"at\", kind, length, late from served",
    });
    expect(await stage.ingest(both, asOf)).toMatchObject({ status: "ready", rows: 8 });
    await stage.asked("a", all);
    await stage.said("a", saidOf(all));
    expect(await stage.ingest(both, asOf)).toMatchObject({ status: "ready", rows: 24 });
  });

  test("starts a run once all labels of a day are known, and no more once it was read", async () => {
    await stage.asked("a", all);
    await stage.said("a", saidOf(all));
    const look = async (now: string) => createNewData({ ...stage.deps, now: () => now })({ pipeline: "trips", definition: await putJsonBlob(stage.deps.store, define()) });
    expect(await look("2013-01-02T23:00:00Z")).toBeNull();
    const found = await look("2013-01-07T03:00:00Z");
    expect(found).toMatchObject({ cause: { kind: "data", by: null }, asOf: "2013-01-07T00:00:00.000Z" });
    expect((await look("2013-01-07T04:00:00Z"))?.cause.key).toBe(found?.cause.key);
    await stage.ingest(define(), found!.asOf);
    expect(await look("2013-01-07T05:00:00Z")).toBeNull();
    await stage.asked("shipped late", [{ id: "late", at: "2013-01-04T12:00:00Z" }]);
    expect(await look("2013-01-07T06:00:00Z")).toMatchObject({ asOf: "2013-01-07T00:00:00.000Z" });
  });

  test("starts no second run because other rows get their labels", async () => {
    await stage.asked("a", [...all, { id: "young", at: "2013-01-06T12:00:00Z" }]);
    await stage.said("a", saidOf(all));
    const look = async (now: string) => createNewData({ ...stage.deps, now: () => now })({ pipeline: "trips", definition: await putJsonBlob(stage.deps.store, define()) });
    await stage.ingest(define(), (await look("2013-01-07T03:00:00Z"))!.asOf);
    await stage.said("today", [{ id: "young", label: "1", received: "2013-01-07T04:00:00Z" }, { id: "2013-01-05-1", label: "1", received: "2013-01-07T04:10:00Z", at: "2013-01-06T08:00:00Z" }]);
    expect(await look("2013-01-07T05:00:00Z")).toBeNull();
  });

  test("waits where nothing was asked", async () => {
    expect(await stage.ingest(define({ windows: { train: "P3D", holdout: "P1D" } }), asOf)).toEqual({ status: "held", reasons: [expect.stringContaining("the prediction log of trips has nothing from")] });
  });
});

describe("feedback", () => {
  beforeEach(() => stage.asked("a", all));

  test("that came true in time counts whenever it was sent", async () => {
    await stage.said("now", saidOf(all).map(({ received, ...said }) => ({ ...said, at: received, received: "2026-11-26T00:00:00Z" })));
    expect((await rowsOf(define())).map(({ prediction_id, late }) => [prediction_id, late])).toEqual(all.slice(0, 16).map(({ id, length }) => [id, String(length! % 2)]));
  });

  test("may lie in files of before it was noted who sent it", async () => {
    const [first, second, third] = all as [Asked, Asked, Asked];
    await stage.said("old", saidOf(all));
    await stage.said("new", saidOf([first, second]).map((one) => ({ ...one, received: "2013-01-02T00:00:00Z", source: "shop" })));
    await stage.said("newer", saidOf([second, third]).map((one) => ({ ...one, received: "2013-01-02T01:00:00Z", source: "bank" })));
    const rows = await rowsOf(define({ columns: { kind: { type: "category" }, length: { type: "number", nullable: true }, label_source: { type: "category", nullable: true, feature: false } } }));
    expect(rows.slice(0, 5).map((row) => (row as unknown as { label_source: string | null }).label_source)).toEqual(["shop", "bank", "bank", null, null]);
  });
});
