import { ApplicationFailure, CancelledFailure, Context } from "@temporalio/activity";
import { type WorkflowHandle, WorkflowFailedError, WorkflowUpdateFailedError } from "@temporalio/client";
import { describe, expect, it } from "vitest";
import type { Activities, RunEnd } from "../../activities/contract.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { blob, calmActivities, digest, eventually, type Harness, keepHistory, question, runInput, versionRef, withWorkers } from "./harness.ts";

const yes = { by: "ann", digest: digest().slice(0, 12), comment: "good" };
const progress = (handle: WorkflowHandle) => handle.query<RunRecord>("progress");
const waits = (handle: WorkflowHandle) => eventually(async () => (await progress(handle)).state === "waiting", "the run waits for an answer");

/** Starts a run with some activities replaced, lets `act` do its part, and gives back how the run ended. */
async function carried(replaced: Partial<Activities>, act: (handle: WorkflowHandle, harness: Harness) => Promise<void>, name: string, rest: Parameters<typeof runInput>[2] = {}) {
  const activities = calmActivities(replaced);
  return withWorkers(activities, async (harness) => {
    const input = runInput(harness.pipeline, undefined, rest);
    const handle = await harness.start("trainingRun", input.step.run, [input]);
    await act(handle, harness);
    const end = (await handle.result()) as RunEnd;
    await keepHistory(handle, `training-run--${name}`);
    return { end, record: activities.records.at(-1) as RunRecord, records: activities.records };
  });
}

describe("a training run", () => {
  it("asks, and promotes what a signal approves", async () => {
    const { end, record } = await carried({}, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
    }, "approved-by-signal");
    expect(end.state).toBe("promoted");
    expect(record).toMatchObject({ state: "promoted", stage: "done", v: 1, answers: [{ by: "ann", refused: null, claimed: true }] });
    expect(Object.keys(record.seconds).sort()).toEqual(["approve", "evaluate", "ingest", "promote", "register", "train", "validate"]);
  });

  it("tells who answers by update whether the answer counts", async () => {
    const { end, record } = await carried({}, async (handle) => {
      await waits(handle);
      await expect(handle.executeUpdate("approve", { args: [{ ...yes, digest: "0".repeat(12) }] })).rejects.toMatchObject({ cause: { type: "StaleApproval" } });
      await expect(handle.executeUpdate("approve", { args: ["yes"] })).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      await expect(handle.executeUpdate("approve", { args: [yes] })).resolves.toMatchObject({ refused: null });
    }, "approved-by-update");
    expect(end.state).toBe("promoted");
    expect(record.answers.map((answer) => answer.refused === null)).toEqual([false, true]);
  });

  it("goes on to its end though its record cannot be written", async () => {
    const { end } = await carried({ recordRun: async () => Promise.reject(ApplicationFailure.nonRetryable("the record is corrupt", "Corrupt")) }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
    }, "unrecorded");
    expect(end.state).toBe("promoted");
  });

  it("lives on after signals with no, ten, odd and oversized arguments, and still takes a valid one", async () => {
    const { end, record } = await carried({}, async (handle) => {
      await waits(handle);
      await handle.signal("approve");
      await handle.signal("approve", ...Array.from({ length: 10 }, () => yes));
      await handle.signal("approve", { ...yes, comment: "x".repeat(100_000) });
      await handle.signal("approve", Uint8Array.of(1, 2, 3));
      await handle.signal("nobody-listens", 1);
      await handle.signal("approve", yes);
    }, "hostile-signals");
    expect(end.state).toBe("promoted");
    expect(record.answers.map((answer) => answer.refused !== null)).toEqual([true, true, true, true, false]);
  });

  it("ends at one no", async () => {
    const { end } = await carried({ ask: async () => ({ question: question("d", { required: 2 }), markdown: "" }) }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
      await handle.signal("reject", { ...yes, by: "bob", comment: "too early" });
    }, "rejected");
    expect(end).toEqual({ state: "rejected", reason: "bob said no: too early" });
  });

  it("waits for its quorum of different people, and counts one person once", async () => {
    const { end, record } = await carried({ ask: async () => ({ question: question("d", { required: 2 }), markdown: "" }) }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
      await handle.signal("approve", yes);
      await handle.signal("approve", { ...yes, by: "bob" });
    }, "quorum-of-two");
    expect(end.state).toBe("promoted");
    expect(record.answers.map((answer) => answer.refused)).toEqual([null, "ann has answered already", null]);
  });

  it("expires when nobody answers", async () => {
    const { end } = await carried({ ask: async () => ({ question: question("d", { expiresAt: new Date(Date.now() + 300).toISOString() }), markdown: "" }) }, async () => undefined, "expired");
    expect(end.state).toBe("expired");
  });

  it("keeps answers that come after the question has expired, as refused, for as long as it runs", async () => {
    const { end, record } = await carried({
      ask: async () => ({ question: question("d", { expiresAt: new Date(Date.now() + 300).toISOString() }), markdown: "" }),
      decide: async () => new Promise((next) => setTimeout(() => next({ status: "recorded" }), 2_000)),
    }, async (handle) => {
      await waits(handle);
      await new Promise((next) => setTimeout(next, 400));
      await handle.signal("approve", yes);
      await expect(handle.executeUpdate("reject", { args: [{ ...yes, by: "bob" }] })).rejects.toMatchObject({ cause: { type: "StaleApproval", message: expect.stringContaining("expired at") } });
    }, "answered-too-late");
    expect(end.state).toBe("expired");
    expect(record.answers.map(({ by, decision, refused }) => [by, decision, refused?.replace(/ at .*/, "")])).toEqual([["ann", "approve", "the question expired"], ["bob", "reject", "the question expired"]]);
  });

  it("evaluates and asks again when the champion changes while it waits", async () => {
    let asked = 0;
    const { end, record } = await carried({ ask: async () => ({ question: question(asked++ === 0 ? "d" : "e"), markdown: "" }) }, async (handle) => {
      await waits(handle);
      await handle.signal("championChanged");
      await eventually(async () => (await progress(handle)).question?.digest === digest("e"), "it asks again");
      await handle.signal("approve", yes);
      await handle.signal("approve", { ...yes, digest: digest("e") });
    }, "champion-changed");
    expect(end.state).toBe("promoted");
    expect(record.answers[0]?.refused).toContain("what waits is eeee");
  });

  it("asks again when the commit finds another champion than the one approved against", async () => {
    let decided = 0;
    const { end } = await carried({
      decide: async () => (decided++ === 0 ? { status: "champion-changed", champion: versionRef(7) } : { status: "recorded" }),
      ask: async () => ({ question: question(decided === 0 ? "d" : "e"), markdown: "" }),
    }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
      await eventually(async () => (await progress(handle)).question?.digest === digest("e"), "it asks again");
      await handle.signal("approve", { ...yes, digest: digest("e") });
    }, "champion-changed-at-commit");
    expect(end.state).toBe("promoted");
  });

  it("ends gated, unregistered, when a gate does not say yes", async () => {
    let registered = 0;
    const { end } = await carried({
      evaluate: async () => ({ evaluation: blob("7"), passed: false, gates: [{ gate: "auc at least 0.9", answer: "no", reason: "auc is 0.7", observed: 0.7, limit: 0.9 }] }),
      register: async () => versionRef(++registered),
    }, async () => undefined, "gated");
    expect(end).toEqual({ state: "gated", reason: "auc at least 0.9: auc is 0.7" });
    expect(registered).toBe(0);
  });

  it("ends refused when the data broke the contract", async () => {
    const { end } = await carried({ validate: async () => ({ status: "refused", report: blob("f"), reasons: ["distance: 40 % of rows are -1"] }) }, async () => undefined, "data-refused");
    expect(end).toEqual({ state: "refused", reason: "distance: 40 % of rows are -1" });
  });

  it("is held by missing data, says why, and goes on once it is there", async () => {
    let looks = 0;
    const { end, records } = await carried({
      ingest: async () => (looks++ === 0 ? { status: "held", reasons: ["flights/2013-02.parquet is missing"] } : { status: "ready", dataset: blob("e"), rows: 1, partitions: 1, filesRead: 1, notes: [] }),
    }, async (handle) => {
      await eventually(async () => (await progress(handle)).state === "held", "the run is held");
      await handle.signal("recheck");
      await waits(handle);
      await handle.signal("approve", yes);
    }, "held-then-ready");
    expect(end.state).toBe("promoted");
    expect(records.some((record) => record.reason === "flights/2013-02.parquet is missing")).toBe(true);
  });

  it("gives up when its patience ends before the data comes", async () => {
    const { end } = await carried({ ingest: async () => ({ status: "held", reasons: ["nothing has landed"] }) }, async () => undefined, "held-for-good", { patienceMs: 0 });
    expect(end).toEqual({ state: "held", reason: "nothing has landed" });
  });

  it("evaluates a version that exists without training or registering it", async () => {
    const called: string[] = [];
    const { end } = await carried({ train: async () => (called.push("train"), Promise.reject(new Error("no"))), register: async () => (called.push("register"), versionRef(1)) }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
    }, "existing-version", { version: 4 });
    expect(end.state).toBe("promoted");
    expect(called).toEqual([]);
  });

  it("is superseded when the deployment refuses its proposal", async () => {
    const { end } = await carried({ propose: async () => ({ status: "refused", reason: "version 2 was promoted since" }) }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
    }, "superseded");
    expect(end).toEqual({ state: "superseded", reason: "version 2 was promoted since" });
  });

  it("is not promoted by another version's promotion that was asked for in its name", async () => {
    const { end } = await carried({ propose: async () => ({ status: "committed", n: 3, v: 99 }) }, async (handle) => {
      await waits(handle);
      await handle.signal("approve", yes);
    }, "superseded-in-its-name");
    expect(end).toMatchObject({ state: "superseded", reason: expect.stringContaining("version 99 was promoted in this run's name") });
  });

  it("fails with the trainer's own words on the record", async () => {
    const activities = calmActivities({ train: async () => Promise.reject(ApplicationFailure.nonRetryable("job x failed: exit code 1", "TrainerFailed")) });
    await withWorkers(activities, async (harness) => {
      const input = runInput(harness.pipeline);
      const handle = await harness.start("trainingRun", input.step.run, [input]);
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      await keepHistory(handle, "training-run--trainer-failed");
    });
    expect(activities.records.at(-1)).toMatchObject({ state: "failed", reason: "job x failed: exit code 1", stage: "done" });
  });

  it("waits for its job to be gone when it is cancelled", async () => {
    let gone = false;
    const activities = calmActivities({
      train: async () => {
        const beat = setInterval(() => Context.current().heartbeat(), 50);
        try {
          return await Context.current().cancelled;
        } catch (error) {
          await new Promise((next) => setTimeout(next, 300));
          gone = true;
          throw error;
        } finally {
          clearInterval(beat);
        }
      },
    });
    await withWorkers(activities, async (harness) => {
      const input = runInput(harness.pipeline);
      const handle = await harness.start("trainingRun", input.step.run, [input]);
      await eventually(async () => (await progress(handle)).stage === "train", "it trains");
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
      await keepHistory(handle, "training-run--cancelled");
    });
    expect(gone).toBe(true);
    expect(activities.records.at(-1)).toMatchObject({ state: "cancelled", reason: null });
  });
});
