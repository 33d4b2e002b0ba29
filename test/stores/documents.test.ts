import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RunRecord } from "../../schemas/run.ts";
import { takeCause } from "../../stores/causes.ts";
import { freezeFrame, getFrameRef, getLandingRecord, putLandingRecord, readSnapshot } from "../../stores/datasets.ts";
import { createDocument, getDocument } from "../../stores/documents.ts";
import { createMemoryBucket, memoryObjectStore } from "../../stores/memory-object-store.ts";
import { findRun, listModels, listPipelines, listRuns, putRun, runKey } from "../../stores/runs.ts";
import { parseS3Uri } from "../../stores/s3-uri.ts";

const blob = { sha256: "ab".repeat(32), bytes: 1 };
const windows = { train: { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" }, holdout: { from: "2013-02-01T00:00:00Z", to: "2013-02-08T00:00:00Z" } };
const run = (id: string, startedAt: string, more: Partial<RunRecord> = {}): RunRecord => ({
  version: 1, pipeline: "flights", run: `flights/run/${id}`, definition: blob, causes: [], asOf: startedAt, windows, state: "running", stage: "ingest", reason: null,
  startedAt, updatedAt: startedAt, endedAt: null, seconds: {}, snapshot: null, validation: null, rows: null, job: null, training: null, model: null, evaluation: null, gates: [], v: null, question: null, answers: [], ...more,
});
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

describe("documents", () => {
  it("that cannot be read are corrupt, by name", async () => {
    const store = memoryObjectStore();
    await store.put("a.json", new TextEncoder().encode('{"n": "x"}'));
    await expect(getDocument(store, "a.json", z.object({ n: z.number() }))).rejects.toMatchObject({ type: "Corrupt", message: expect.stringContaining("s3://memory/a.json") as string });
  });

  it("that exist are not created again", async () => {
    const store = memoryObjectStore();
    expect([await createDocument(store, "a", { n: 1 }), await createDocument(store, "a", { n: 2 })]).toEqual([true, false]);
    expect(await getDocument(store, "a", z.object({ n: z.number() }))).toEqual({ n: 1 });
  });
});

describe("run records", () => {
  it("list newest first, one per run however often it changes", async () => {
    const store = memoryObjectStore();
    await putRun(store, run("a", "2013-03-01T00:00:00.000Z"));
    await putRun(store, run("b", "2013-03-02T00:00:00.000Z"));
    await putRun(store, run("a", "2013-03-01T00:00:00.000Z", { state: "promoted", updatedAt: "2013-03-03T00:00:00.000Z" }));
    expect((await all(listRuns(store, "flights"))).map((record) => [record.run, record.state])).toEqual([["flights/run/b", "running"], ["flights/run/a", "promoted"]]);
    expect(runKey(run("a", "2013-03-01T00:00:00.000Z"))).toMatch(/^runs\/flights\/\d{15}-a\.json$/);
  });

  it("do not go back to an older state when a late retry arrives", async () => {
    const store = memoryObjectStore();
    await putRun(store, run("a", "2013-03-01T00:00:00.000Z", { state: "promoted", updatedAt: "2013-03-03T00:00:00.000Z" }));
    await putRun(store, run("a", "2013-03-01T00:00:00.000Z"));
    expect(await findRun(store, "flights", "flights/run/a")).toMatchObject({ state: "promoted" });
  });

  it("are found by the first digits of their id, when only one fits", async () => {
    const store = memoryObjectStore();
    await putRun(store, run("abc123", "2013-03-01T00:00:00.000Z"));
    await putRun(store, run("abd456", "2013-03-02T00:00:00.000Z"));
    expect(await findRun(store, "flights", "abc")).toMatchObject({ run: "flights/run/abc123" });
    await expect(findRun(store, "flights", "ab")).rejects.toMatchObject({ type: "Usage" });
    await expect(findRun(store, "flights", "x")).rejects.toMatchObject({ type: "NotFound" });
  });

  it("name the pipelines, and the log's keys the models, in one short listing each", async () => {
    const store = memoryObjectStore();
    for (const pipeline of ["flights", "taxi", "flights-2"]) await putRun(store, run("a", "2013-03-01T00:00:00.000Z", { pipeline }));
    for (const key of ["models/a/log/1", "models/a/log/2", "models/a-b/log/1", "models/b/head.json"]) await store.put(key, new Uint8Array(1));
    expect((await listPipelines(store)).toSorted()).toEqual(["flights", "flights-2", "taxi"]);
    expect((await listModels(store)).toSorted()).toEqual(["a", "a-b", "b"]);
  });
});

describe("a cause", () => {
  const taken = (run: string) => ({ cause: { kind: "person", key: "k", by: "ann" } as const, windows, run });

  it("starts one run for ever, and tells every other who has it", async () => {
    const bucket = createMemoryBucket();
    const runs = await Promise.all(["r1", "r2", "r3"].map((id) => takeCause(bucket.connect(), "flights", taken(id))));
    expect(new Set(runs).size).toBe(1);
    expect(await takeCause(bucket.connect(), "flights", taken(runs[0]!))).toBe(runs[0]);
    expect(bucket.objects.size).toBe(1);
  });
});

describe("datasets", () => {
  it("freeze a pipeline's frame once", async () => {
    const store = memoryObjectStore();
    expect(await getFrameRef(store, "flights")).toBeNull();
    expect(await freezeFrame(store, "flights", blob)).toEqual(blob);
    expect(await freezeFrame(store, "flights", { ...blob, bytes: 2 })).toEqual(blob);
  });

  it("remember what a landing file held", async () => {
    const store = memoryObjectStore();
    const record = { version: 1, source: "flights", uri: "s3://landing/x", bytes: 1, sha256: blob.sha256, rows: 1, columns: [], timeless: null, outside: 0, farOutside: 0, pieces: [], notes: [] } as const;
    expect(await getLandingRecord(store, "flights", blob.sha256)).toBeNull();
    await putLandingRecord(store, "flights", blob.sha256, { ...record, columns: [], pieces: [], notes: [] });
    expect(await getLandingRecord(store, "flights", blob.sha256)).toEqual(record);
  });

  it("say that a snapshot is not there", async () => {
    await expect(readSnapshot(memoryObjectStore(), "flights", blob.sha256)).rejects.toMatchObject({ type: "NotFound" });
  });
});

describe("an S3 address", () => {
  it("is a bucket and a key, taken as they stand", () => {
    expect(parseS3Uri("s3://landing/a b/%20/ü.parquet")).toEqual({ bucket: "landing", key: "a b/%20/ü.parquet" });
    expect(parseS3Uri("s3://landing")).toEqual({ bucket: "landing", key: "" });
  });

  it("is refused when it leads astray", () => {
    for (const uri of ["http://landing/x", "s3://", "s3://a/x", "s3://Landing/x", "s3://landing/../x", "s3://landing/x/./y", "s3://landing//x", "s3://landing/x\0"]) {
      expect(() => parseS3Uri(uri), uri).toThrow(expect.objectContaining({ type: "InvalidInput" }) as Error);
    }
  });
});
