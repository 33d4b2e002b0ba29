import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createNewData } from "../../activities/new-data.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { writeParquet } from "../tables/landing-files.ts";
import { daysFrom, openStage, type Stage, tripsOf } from "./ingest-stage.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const land = async (days: readonly string[], n = 4) => {
  for (const day of days) await writeParquet(stage.at(`trips/${day}.parquet`), tripsOf(day, n));
};

/** What is found at that time, by a definition whose labels take half a day. */
async function look(now: string) {
  const definition = stage.define({ label: { column: "late", task: "binary", arrives: "PT12H" } });
  return createNewData({ ...stage.deps, now: () => now })({ pipeline: "trips", definition: await putJsonBlob(stage.deps.store, definition) });
}

describe("new data", () => {
  it("is a file whose day is over and has its labels, once it is there, and no more once it was read", async () => {
    await land(daysFrom(1, 5));
    expect(await look("2013-01-05T23:00:00Z")).toMatchObject({ cause: { kind: "data", by: null }, asOf: "2013-01-05T12:00:00.000Z" });
    const found = await look("2013-01-06T12:00:00Z");
    expect(found).toMatchObject({ pipeline: "trips", asOf: "2013-01-06T12:00:00.000Z" });
    expect((await look("2013-01-06T13:00:00Z"))?.cause.key).toBe(found?.cause.key);
    await stage.ingest(stage.define(), "2013-01-06T12:00:00Z");
    expect(await look("2013-01-06T13:00:00Z")).toBeNull();
  });

  it("is also a file that was written again with other rows", async () => {
    await land(daysFrom(1, 5));
    await stage.ingest(stage.define(), "2013-01-06T12:00:00Z");
    await rm(stage.at("trips/2013-01-05.parquet"));
    await land(["2013-01-05"], 5);
    expect(await look("2013-01-06T13:00:00Z")).toMatchObject({ asOf: "2013-01-06T12:00:00.000Z" });
  });

  it("is none where nothing has landed, and where no definition is in force", async () => {
    expect(await look("2013-01-06T12:00:00Z")).toBeNull();
    expect(await createNewData(stage.deps)({ pipeline: "trips", definition: null })).toBeNull();
  });
});
