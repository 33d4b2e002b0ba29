import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { expect, it } from "vitest";
import type { ScoreFilesInput } from "../../activities/contract.ts";
import type { BatchProgress } from "../../workflows/messages.ts";
import { calmActivities, digest, eventually, keepHistory, withWorkers } from "./harness.ts";

const request = (model: string, more: object = {}) => ({ model, from: "s3://landing/planes/", to: "s3://scored/planes", ...more });

it("a batch is planned, scored slice by slice with so many at a time, and finished; anybody can see how far it is", async () => {
  const slices: ScoreFilesInput[] = [];
  let [underWay, most] = [0, 0];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const activities = calmActivities({
    planBatch: async () => ({ v: 3, digest: digest("a"), files: 45, bytes: 4_500 }),
    scoreFiles: async (slice) => {
      slices.push(slice);
      most = Math.max(most, ++underWay);
      if (slice.first === 20) await held;
      underWay--;
      const files = Math.min(slice.count, 45 - slice.first);
      return { files, rows: files * 10, skipped: slice.first === 0 ? 1 : 0 };
    },
    finishBatch: async () => ({ files: 45, rows: 450, skipped: 1, manifest: "s3://scored/planes/_relearn.json" }),
  });
  await withWorkers(activities, async ({ start, pipeline, client }) => {
    const job = `${pipeline}/score/one`;
    const handle = await start("batchScoring", job, [request(pipeline)]);
    const progress = () => handle.query<BatchProgress>("progress");
    await eventually(async () => (await progress()).files.done === 25, "all but one slice are scored");
    expect(await progress()).toMatchObject({ stage: "score", v: 3, digest: digest("a"), files: { done: 25, of: 45 }, rows: 250, skipped: 1, manifest: null });
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({ RelearnModel: [pipeline], RelearnVersion: [3], RelearnStage: ["score"] });
    release();
    expect(await handle.result()).toEqual({ files: 45, rows: 450, skipped: 1, manifest: "s3://scored/planes/_relearn.json" });
    expect(slices.map(({ first, count }) => [first, count]).sort(([a], [b]) => a! - b!)).toEqual([[0, 20], [20, 20], [40, 20]]);
    expect(slices.every((slice) => slice.job === job)).toBe(true);
    expect(most).toBe(2);
    expect(await progress()).toMatchObject({ stage: "done", manifest: "s3://scored/planes/_relearn.json" });
    await keepHistory(client.workflow.getHandle(job), "batch-scoring--three-slices");
  });
});

it("a batch of thousands of files goes on as new, with its counts, and takes each file once", async () => {
  const taken: number[] = [];
  const activities = calmActivities({
    planBatch: async () => ({ v: 1, digest: digest("a"), files: 2_010, bytes: 2_010 }),
    scoreFiles: async ({ first, count }) => {
      const files = Math.min(count, 2_010 - first);
      for (let n = first; n < first + files; n++) taken.push(n);
      return { files, rows: files, skipped: 0 };
    },
  });
  await withWorkers(activities, async ({ start, pipeline, client }) => {
    const handle = await start("batchScoring", `${pipeline}/score/many`, [request(pipeline, { parallel: 8 })]);
    const first = (await handle.describe()).runId;
    await handle.result();
    const last = await client.workflow.getHandle(handle.workflowId).describe();
    expect(last.runId).not.toBe(first);
    expect(await client.workflow.getHandle(handle.workflowId).query<BatchProgress>("progress")).toMatchObject({ stage: "done", files: { done: 2_010, of: 2_010 }, rows: 2_010 });
    expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 2_010 }, (_, i) => i));
    expect((await client.workflow.getHandle(handle.workflowId, first).describe()).historyLength).toBeLessThan(2_000);
    await keepHistory(client.workflow.getHandle(handle.workflowId), "batch-scoring--gone-on-as-new");
  });
});

it("a batch fails with what its step failed with, and starts nothing further", async () => {
  const slices: ScoreFilesInput[] = [];
  const activities = calmActivities({
    planBatch: async () => ({ v: 1, digest: digest("a"), files: 200, bytes: 1 }),
    scoreFiles: async (slice) => {
      slices.push(slice);
      if (slice.first === 20) throw ApplicationFailure.nonRetryable("a.parquet, row 3, column delay: it has no value", "DataRefused");
      return { files: slice.count, rows: 1, skipped: 0 };
    },
  });
  await withWorkers(activities, async ({ start, pipeline }) => {
    const handle = await start("batchScoring", `${pipeline}/score/bad`, [request(pipeline, { parallel: 1 })]);
    const failure = await handle.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(((failure as WorkflowFailedError).cause as Error & { cause: Error }).cause).toMatchObject({ type: "DataRefused", message: "a.parquet, row 3, column delay: it has no value" });
    expect(slices.map(({ first }) => first)).toEqual([0, 20]);
    await keepHistory(handle, "batch-scoring--refused");
    await expect((await start("batchScoring", `${pipeline}/score/none`, [])).result()).rejects.toMatchObject({ cause: { type: "InvalidInput" } });
  });
});
