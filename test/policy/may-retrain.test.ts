import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Asked, budgetUsed, cooldownEnd, mayRetrain, type PastRun } from "../../policy/may-retrain.ts";
import { pipelineClock } from "../../policy/pipeline-clock.ts";
import { merged, readConfigure, settingsInForce } from "../../policy/retrain-settings.ts";
import { settleCauses } from "../../policy/settle-causes.ts";
import type { AlarmRef } from "../../schemas/alarm.ts";
import type { Cause, Trigger } from "../../schemas/cause.ts";
import { retrain } from "../../schemas/retrain.ts";

const trigger = (kind: Cause["kind"], alarm?: Partial<AlarmRef>): Trigger => ({
  cause: { kind, key: "k", by: null }, asOf: "2013-06-15T00:00:00Z", definition: { sha256: "a".repeat(64), bytes: 1 }, pipeline: "flights",
  ...(alarm === undefined ? {} : { alarm: { id: "b".repeat(64), kind: "data-drift", proposal: "retrain", message: "it moved", ...alarm } }),
});
const run = (asOf: string, kind: Cause["kind"] = "alarm", gpuHours = 0): PastRun => ({ asOf, causes: [{ kind, key: asOf, by: null }], gpuHours });
const judge = (changes: Partial<Asked>, settings: object = {}) =>
  mayRetrain({ settings: retrain.parse(settings), timezone: "America/New_York", trigger: trigger("alarm", {}), now: "2013-06-15T00:00:00Z", past: [], blockedBy: null, ...changes });

describe("whether a cause starts a run", () => {
  it.each<[string, Partial<Asked>, object, object]>([
    ["an alarm does", {}, {}, { answer: "start" }],
    ["a person does, whatever the budgets say", { trigger: trigger("person"), past: [run("2013-06-14T00:00:00Z")], blockedBy: "stuck at -1" }, { mode: "manual", cooldown: "P3D", maxPerMonth: 0 }, { answer: "start" }],
    ["an alarm that wants its data mended does not", { trigger: trigger("alarm", { proposal: "fix-data" }) }, {}, { answer: "drop", reason: "the alarm asks for: fix-data" }],
    ["an alarm does not where alarms start nothing", {}, { onDrift: false }, { answer: "drop", reason: "retrain.onDrift is false" }],
    ["new data does not unless it is to", { trigger: trigger("data") }, {}, { answer: "drop", reason: "retrain.onData is false" }],
    ["new data does where it is to", { trigger: trigger("data") }, { onData: true }, { answer: "start" }],
    ["nothing does while the data is broken", { trigger: trigger("schedule"), blockedBy: "stuck at -1" }, {}, { answer: "wait", until: null, reason: "its data is said to be broken: stuck at -1" }],
    ["it is only proposed where a person starts runs", {}, { mode: "manual" }, { answer: "propose", reason: "retrain.mode is manual: `relearn retraining trigger` runs it" }],
    ["it waits for the cooldown", { past: [run("2013-06-13T00:00:00Z"), run("2013-06-01T00:00:00Z")] }, { cooldown: "P3D" }, { answer: "wait", until: "2013-06-16T00:00:00Z", reason: "within the cooldown of P3D after the run as of 2013-06-13T00:00:00Z" }],
    ["a schedule does not wait for the cooldown", { trigger: trigger("schedule"), past: [run("2013-06-14T00:00:00Z")] }, { cooldown: "P3D" }, { answer: "start" }],
    ["it waits for the next month, by the pipeline's clock", { past: [run("2013-06-01T05:00:00Z", "schedule"), run("2013-06-01T03:59:00Z"), run("2013-06-10T00:00:00Z", "person")] }, { maxPerMonth: 1 }, { answer: "wait", until: "2013-07-01T04:00:00Z", reason: "1 of 1 runs of this month are used (retrain.maxPerMonth)" }],
    ["hours of accelerators count, whoever asked", { past: [run("2013-06-10T00:00:00Z", "person", 2.5)] }, { gpuHoursPerMonth: 2 }, { answer: "wait", until: "2013-07-01T04:00:00Z", reason: "2.5 of 2 accelerator hours of this month are used (retrain.gpuHoursPerMonth)" }],
  ])("%s", (_, changes, settings, verdict) => {
    expect(judge(changes, settings)).toEqual(verdict);
  });

  it("never lets more runs that nobody asked for into a month than the budget says, nor two within the cooldown", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 120 * 24 }), fc.constantFrom<Cause["kind"]>("alarm", "webhook", "schedule", "person")), { maxLength: 200 }), (causes) => {
      const past: PastRun[] = [];
      for (const [hours, kind] of causes.toSorted(([a], [b]) => a - b)) {
        const now = new Date(Date.UTC(2013, 0, 1, hours)).toISOString();
        if (judge({ trigger: trigger(kind), now, past }, { maxPerMonth: 3, cooldown: "P2D" }).answer === "start") past.unshift(run(now, kind));
      }
      for (const { asOf } of past) expect(budgetUsed(past, asOf, "America/New_York").runs).toBeLessThanOrEqual(3);
      const unforeseen = (one: PastRun) => one.causes.every(({ kind }) => kind === "alarm" || kind === "webhook");
      past.forEach((one, i) => past[i + 1] !== undefined && unforeseen(one) && expect(Date.parse(one.asOf) - Date.parse(past[i + 1]!.asOf)).toBeGreaterThanOrEqual(2 * 86_400_000 - 3_600_000));
    }), { numRuns: 30, seed: 7 });
  });

  it("knows no cooldown before the first run, and without one", () => {
    expect([cooldownEnd({ cooldown: "P3D" }, "UTC", []), cooldownEnd({ cooldown: "PT0S" }, "UTC", [run("2013-06-13T00:00:00Z")])]).toEqual([null, null]);
  });
});

describe("the pipeline's clock", () => {
  it("is the wall's for causes of today, and the newest cause's where the past is replayed", () => {
    expect(pipelineClock("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")).toBe("2026-03-02T00:00:00Z");
    expect(pipelineClock("2013-03-01T00:00:00Z", "2026-03-02T00:00:00Z")).toBe("2013-03-01T00:00:00Z");
  });
});

describe("causes that were judged", () => {
  it("are all answered by the run that one of them starts", () => {
    const [alarm, schedule, broken] = [trigger("alarm", {}), trigger("schedule"), trigger("alarm", { proposal: "fix-data", message: "stuck" })];
    const wait = { answer: "wait", until: null, reason: "cooldown" } as const;
    expect(settleCauses([alarm, schedule], [wait, { answer: "start" }])).toMatchObject({ start: [alarm, schedule], waiting: [], decided: [] });
    expect(settleCauses([alarm, broken], [wait, { answer: "drop", reason: "the alarm asks for: fix-data" }])).toMatchObject({ start: [], waiting: [{ trigger: alarm, proposed: false }], dropped: [broken], decided: [{ decision: "fix-data" }], broken: { message: "stuck" } });
  });
});

describe("settings that people change", () => {
  it("hold over the definition's until they are taken back", () => {
    const written = retrain.parse({ cooldown: "P1D", maxPerMonth: 4 });
    expect(settingsInForce(written, { cooldown: "P3D" })).toMatchObject({ cooldown: "P3D", maxPerMonth: 4 });
    expect(merged({ cooldown: "P3D", onDrift: false }, { cooldown: null, mode: "manual" })).toEqual({ onDrift: false, mode: "manual" });
  });

  it.each([[[]], [[null]], [[{ by: "", change: { mode: "manual" } }]], [[{ by: "a", change: { mode: "odd" } }]], [[{ by: "a", change: { toString: 1 } }]], [[{ by: "a", change: { maxPerMonth: -1 } }]], [[{ by: "a", change: {} }, 2]]])("are refused where they are none: %j", (args) => {
    expect(readConfigure(args)).toEqual(expect.any(String));
  });
});
