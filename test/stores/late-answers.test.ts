import { describe, expect, it } from "vitest";
import type { RecordedAnswer } from "../../schemas/approval.ts";
import { mostAnswers, recordLateAnswer } from "../../stores/late-answers.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { findRun, putRun } from "../../stores/runs.ts";
import { sampleRun } from "../cli/samples.ts";

const ended = { ...sampleRun, state: "expired" as const, stage: "done" as const, reason: "nobody answered in time", updatedAt: "2026-01-01T01:00:00.000Z", endedAt: "2026-01-01T01:00:00.000Z", answers: [] };
const answer = (by: string): RecordedAnswer => ({ by, claimed: true, decision: "approve", digest: "d".repeat(12), comment: "", at: "2026-01-02T00:00:00.000Z", refused: "the run has ended already: expired" });

describe("an answer after a run's end", () => {
  it("is put on the run's record, which says of the run what it said before", async () => {
    const store = memoryObjectStore();
    await putRun(store, ended);
    expect(await recordLateAnswer(store, ended, answer("eve"))).toBe(true);
    expect(await findRun(store, ended.pipeline, ended.run)).toEqual({ ...ended, updatedAt: answer("eve").at, answers: [answer("eve")] });
  });

  it("is kept beside others that come at the same moment, and through a late retry of the run's own last write", async () => {
    const store = memoryObjectStore();
    await putRun(store, ended);
    const people = ["ann", "bob", "eve", "joe"];
    await Promise.all(people.map((by) => recordLateAnswer(store, ended, answer(by))));
    await putRun(store, ended);
    expect((await findRun(store, ended.pipeline, ended.run)).answers.map(({ by }) => by).sort((a, b) => a.localeCompare(b))).toEqual(people);
  });

  it("is left out once there are too many, and refused by name where there is no record", async () => {
    const store = memoryObjectStore();
    await expect(recordLateAnswer(store, ended, answer("eve"))).rejects.toMatchObject({ type: "NotFound" });
    await putRun(store, { ...ended, answers: Array.from({ length: mostAnswers }, (_, i) => answer(String(i))) });
    expect(await recordLateAnswer(store, ended, answer("eve"))).toBe(false);
  });
});
