import { describe, expect, it } from "vitest";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createMayRetrain } from "../../activities/may-retrain.ts";
import { createRecordDecisions } from "../../activities/record-decisions.ts";
import type { Trigger } from "../../schemas/cause.ts";
import type { AlarmDecision } from "../../schemas/alarm.ts";
import { definition } from "../../schemas/definition.ts";
import type { RetrainChange } from "../../schemas/retrain.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { listDecisions, putDecision } from "../../stores/alarms.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { putRun } from "../../stores/runs.ts";

const id = "a".repeat(64);
const span = { from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" };
const written = definition.parse({
  name: "trips", sources: { trips: { format: "parquet", uri: "s3://landing/{yyyy}-{MM}-{dd}.parquet", time: "at" } }, columns: { length: { type: "number" } }, label: { column: "late", task: "binary" },
  windows: { train: "P3D", holdout: "P1D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }], retrain: { maxPerMonth: 2 },
});

/** A bucket with past runs, and the activities over it at a given time. */
async function stageAt(now: string, runs: readonly { readonly asOf: string; readonly startedAt: string; readonly job?: string | null }[]) {
  const store = memoryObjectStore();
  const ref = await putJsonBlob(store, written);
  const deps = { store, now: () => now } as unknown as Dependencies;
  for (const [i, { asOf, startedAt, job = `job-${i}` }] of runs.entries()) {
    await putRun(store, {
      version: 1, pipeline: "trips", run: `trips/run/${i}`, definition: ref, causes: [{ kind: "alarm", key: String(i), by: null }], asOf, windows: { train: span, holdout: span }, state: "promoted", stage: "done", reason: null, startedAt,
      updatedAt: startedAt, endedAt: startedAt, seconds: {}, snapshot: null, validation: null, rows: null, job, training: null, model: null, evaluation: null, gates: [], v: null, question: null, answers: [],
    } satisfies RunRecord);
  }
  const alarmed = (asOf: string, heardAt?: string): Trigger => ({ pipeline: "trips", asOf, definition: ref, cause: { kind: "alarm", key: id, by: null }, alarm: { id, kind: "data-drift", proposal: "retrain", message: "it moved" }, ...(heardAt === undefined ? {} : { heardAt }) });
  const judge = (trigger: Trigger, change: RetrainChange = {}) => createMayRetrain(deps)({ triggers: [trigger], change, blockedBy: null });
  return { store, deps, alarmed, judge };
}

const march = ["2026-03-02", "2026-03-03"].map((day) => ({ asOf: `${day}T00:00:00Z`, startedAt: `${day}T00:01:00Z` }));

describe("whether causes start a run, by what is stored", () => {
  it("is no while the month's budget is used, and yes in the next month for what has waited since", async () => {
    const held = { asOf: "2026-03-04T00:00:00Z", startedAt: "2026-03-04T00:01:00Z", job: null };
    const first = await stageAt("2026-03-05T00:00:10Z", [...march, held]);
    expect(await first.judge(first.alarmed("2026-03-05T00:00:00Z", "2026-03-05T00:00:10Z"))).toMatchObject({ verdicts: [{ answer: "wait", until: "2026-04-01T00:00:00Z" }], budget: { runs: 2 }, settings: { maxPerMonth: 2 } });
    const later = await stageAt("2026-04-01T00:00:00Z", march);
    expect(await later.judge(later.alarmed("2026-03-05T00:00:00Z", "2026-03-05T00:00:10Z"))).toMatchObject({ verdicts: [{ answer: "start" }], budget: { runs: 0 } });
  });

  it("goes by a replayed past's own time, whose runs all started today", async () => {
    const today = "2026-03-05T00:00:10Z";
    const { judge, alarmed } = await stageAt(today, ["2013-06-02", "2013-06-03", "2013-05-01"].map((day) => ({ asOf: `${day}T00:00:00Z`, startedAt: "2026-03-05T00:00:00Z" })));
    expect(await judge(alarmed("2013-06-05T00:00:00Z", today))).toMatchObject({ verdicts: [{ answer: "wait", until: "2013-07-01T00:00:00Z" }], budget: { runs: 2 } });
    expect(await judge(alarmed("2013-07-01T00:00:00Z", today))).toMatchObject({ verdicts: [{ answer: "start" }], budget: { runs: 0 } });
  });

  it("follows what people changed, and what was decided about the alarm", async () => {
    const { store, judge, alarmed } = await stageAt("2026-03-05T00:00:10Z", march);
    const trigger = alarmed("2026-03-05T00:00:00Z");
    expect((await judge(trigger, { maxPerMonth: 3 })).verdicts).toEqual([{ answer: "start" }]);
    await putDecision(store, "trips", { version: 1, alarm: id, decision: "ignore", by: "ann (claimed)", reason: "a drill", at: "2026-03-05T00:00:00Z", run: null });
    expect((await judge(trigger, { maxPerMonth: 3 })).verdicts).toEqual([{ answer: "drop", reason: "ann (claimed) has decided about the alarm: ignore" }]);
  });
});

describe("decisions", () => {
  it("are recorded once, however often they are told, and never over a person's", async () => {
    const { store, deps } = await stageAt("2026-03-05T00:00:10Z", []);
    const record = (decision: AlarmDecision["decision"], run: string | null, by?: string) => createRecordDecisions(deps)({ model: "trips", decisions: [{ alarm: id, decision, reason: "so", run, ...(by === undefined ? {} : { by }) }] });
    for (let i = 0; i < 3; i++) await record("retrain", null);
    await record("retrain", "trips/run/1");
    await record("ignore", null);
    await record("fix-data", null, "ann (claimed)");
    await record("retrain", "trips/run/2");
    expect((await listDecisions(store, "trips", id)).map(({ decision, by, run }) => [decision, by, run])).toEqual([["retrain", "policy", null], ["retrain", "policy", "trips/run/1"], ["fix-data", "ann (claimed)", null]]);
  });
});
