import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Asked, budgetUsed, cooldownEnd, horizonOf, mayRetrain, type PastRun, type Verdict } from "../../policy/may-retrain.ts";
import { pipelineClock } from "../../policy/pipeline-clock.ts";
import { merged, readConfigure, settingsInForce } from "../../policy/retrain-settings.ts";
import { answeredBy, decidedAtOnce, isDue, isNewDecision, nextDueMs, settleCauses, type Waiting } from "../../policy/settle-causes.ts";
import type { AlarmDecision, AlarmRef, Remedy } from "../../schemas/alarm.ts";
import type { Cause, Trigger } from "../../schemas/cause.ts";
import { retrain } from "../../schemas/retrain.ts";

const trigger = (kind: Cause["kind"], alarm?: Partial<AlarmRef>): Trigger => ({
  cause: { kind, key: "k", by: null }, asOf: "2013-06-15T00:00:00Z", definition: { sha256: "a".repeat(64), bytes: 1 }, pipeline: "flights",
  ...(alarm === undefined ? {} : { alarm: { id: "b".repeat(64), kind: "data-drift", proposal: "retrain", message: "it moved", ...alarm } }),
});
const run = (asOf: string, kind: Cause["kind"] = "alarm", gpuHours = 0): PastRun => ({ asOf, causes: [{ kind, key: asOf, by: null }], trains: true, gpuHours });
const judge = (changes: Partial<Asked>, settings: object = {}) =>
  mayRetrain({ settings: retrain.parse(settings), timezone: "America/New_York", trigger: trigger("alarm", {}), now: "2013-06-15T00:00:00Z", past: [], blockedBy: null, decided: null, ...changes });

describe("whether a cause starts a run", () => {
  it.each<[string, Partial<Asked>, object, object]>([
    ["an alarm does", {}, {}, { answer: "start" }],
    ["a person does, whatever the budgets say", { trigger: trigger("person"), past: [run("2013-06-14T00:00:00Z")], blockedBy: "stuck at -1" }, { mode: "manual", cooldown: "P3D", maxPerMonth: 0 }, { answer: "start" }],
    ["an alarm does not that a run has answered", { decided: { decision: "retrain", by: "policy", run: "flights/run/1" } }, {}, { answer: "drop", reason: "flights/run/1 has answered the alarm" }],
    ["an alarm does not that a person wants to be left alone", { decided: { decision: "ignore", by: "ann (claimed)", run: null } }, {}, { answer: "drop", reason: "ann (claimed) has decided about the alarm: ignore" }],
    ["an alarm does that a person wants to be answered so", { decided: { decision: "retrain", by: "ann (claimed)", run: null } }, {}, { answer: "start" }],
    ["an alarm does not where alarms start nothing", {}, { onDrift: false }, { answer: "drop", reason: "retrain.onDrift is false" }],
    ["new data does not unless it is to", { trigger: trigger("data") }, {}, { answer: "drop", reason: "retrain.onData is false" }],
    ["new data does where it is to", { trigger: trigger("data") }, { onData: true }, { answer: "start" }],
    ["nothing does while the data is broken", { trigger: trigger("schedule"), blockedBy: "stuck at -1" }, {}, { answer: "wait", until: null, reason: "its data is said to be broken: stuck at -1" }],
    ["it is only proposed where a person starts runs", {}, { mode: "manual" }, { answer: "propose", reason: "retrain.mode is manual: `relearn retraining trigger` runs it" }],
    ["it waits for the cooldown", { past: [run("2013-06-13T00:00:00Z"), run("2013-06-01T00:00:00Z")] }, { cooldown: "P3D" }, { answer: "wait", until: "2013-06-16T00:00:00Z", reason: "within the cooldown of P3D after the run as of 2013-06-13T00:00:00Z" }],
    ["a schedule does not wait for the cooldown", { trigger: trigger("schedule"), past: [run("2013-06-14T00:00:00Z")] }, { cooldown: "P3D" }, { answer: "start" }],
    ["it waits for the next month, by the pipeline's clock", { past: [run("2013-06-01T05:00:00Z", "schedule"), run("2013-06-01T03:59:00Z"), run("2013-06-10T00:00:00Z", "person")] }, { maxPerMonth: 2 }, { answer: "wait", until: "2013-07-01T04:00:00Z", reason: "2 of 2 runs used this month (retrain.maxPerMonth)" }],
    ["a run that ended before it trained has used nothing of the month", { past: [run("2013-06-01T05:00:00Z", "schedule"), { ...run("2013-06-10T00:00:00Z", "person"), trains: false }] }, { maxPerMonth: 2 }, { answer: "start" }],
    ["hours of accelerators count, whoever asked", { past: [run("2013-06-10T00:00:00Z", "person", 2.5)] }, { gpuHoursPerMonth: 2 }, { answer: "wait", until: "2013-07-01T04:00:00Z", reason: "2.5 of 2 accelerator hours used this month (retrain.gpuHoursPerMonth)" }],
  ])("%s", (_, changes, settings, verdict) => {
    expect(judge(changes, settings)).toEqual(verdict);
  });

  it("never lets a run that nobody asked for into a month whose budget is used, nor two within the cooldown", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 120 * 24 }), fc.constantFrom<Cause["kind"]>("alarm", "webhook", "schedule", "person")), { maxLength: 200 }), (causes) => {
      const past: PastRun[] = [];
      for (const [hours, kind] of causes.toSorted(([a], [b]) => a - b)) {
        const now = new Date(Date.UTC(2013, 0, 1, hours)).toISOString();
        if (judge({ trigger: trigger(kind), now, past }, { maxPerMonth: 3, cooldown: "P2D" }).answer === "start") past.unshift(run(now, kind));
      }
      past.forEach(({ asOf, causes: [cause] }, i) => cause!.kind !== "person" && expect(budgetUsed(past.slice(i), asOf, "America/New_York").runs).toBeLessThanOrEqual(3));
      const unforeseen = (one: PastRun) => one.causes.every(({ kind }) => kind === "alarm" || kind === "webhook");
      past.forEach((one, i) => past[i + 1] !== undefined && unforeseen(one) && expect(Date.parse(one.asOf) - Date.parse(past[i + 1]!.asOf)).toBeGreaterThanOrEqual(2 * 86_400_000 - 3_600_000));
    }), { numRuns: 30, seed: 7 });
  });

  it("knows no cooldown before the first run, after one of another time, and without one", () => {
    expect([cooldownEnd({ cooldown: "P3D" }, "UTC", [], "2013-06-15T00:00:00Z"), cooldownEnd({ cooldown: "P3D" }, "UTC", [run("2026-06-13T00:00:00Z")], "2013-06-15T00:00:00Z"), cooldownEnd({ cooldown: "PT0S" }, "UTC", [run("2013-06-13T00:00:00Z")], "2013-06-15T00:00:00Z")]).toEqual([null, null, null]);
  });
});

describe("the pipeline's clock", () => {
  it("is the wall's for causes of today, and the newest cause's where the past is replayed", () => {
    expect(pipelineClock("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")).toBe("2026-03-02T00:00:00Z");
    expect(pipelineClock("2013-03-01T00:00:00Z", "2026-03-02T00:00:00Z")).toBe("2013-03-01T00:00:00Z");
    expect(pipelineClock("2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z")).toBe("2026-03-03T00:00:00Z");
  });

  it("goes on for a cause that was of today when it came, however long it has waited", () => {
    expect(pipelineClock("2026-03-05T00:00:00Z", "2026-04-01T00:00:00Z", "2026-03-05T00:00:10Z")).toBe("2026-04-01T00:00:00Z");
    expect(pipelineClock("2013-03-05T00:00:00Z", "2026-04-01T00:00:00Z", "2026-03-05T00:00:10Z")).toBe("2013-03-05T00:00:00Z");
  });
});

describe("causes that were judged", () => {
  it("are all answered by the run that one of them starts", () => {
    const [alarm, schedule, other] = [trigger("alarm", {}), trigger("schedule"), trigger("alarm", { message: "other" })];
    const wait = { answer: "wait", until: null, reason: "cooldown" } as const;
    expect(settleCauses([alarm, schedule], [wait, { answer: "start" }])).toMatchObject({ start: [alarm, schedule], waiting: [], decided: [] });
    expect(settleCauses([alarm, other], [wait, { answer: "drop", reason: "retrain.onDrift is false" }])).toMatchObject({ start: [], waiting: [{ trigger: alarm, proposed: false }], dropped: [other], decided: [{ decision: "ignore" }] });
  });

  it("are each answered by a run, waiting, or decided, and never two of these", () => {
    const verdict = fc.constantFrom<Verdict>({ answer: "start" }, { answer: "wait", until: null, reason: "cooldown" }, { answer: "propose", reason: "manual" }, { answer: "drop", reason: "no" });
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom<Cause["kind"]>("alarm", "webhook", "schedule"), verdict), { maxLength: 30 }), (causes) => {
      const triggers = causes.map(([kind], i) => ({ ...trigger(kind, kind === "schedule" ? undefined : { id: String(i).padStart(64, "0") }), cause: { kind, key: String(i), by: null } }));
      const { start, waiting, dropped, decided } = settleCauses(triggers, causes.map(([, one]) => one));
      expect([...start, ...waiting.map((one) => one.trigger), ...dropped].map(({ cause }) => cause.key).sort()).toEqual(triggers.map(({ cause }) => cause.key).sort());
      expect([...decided, ...answeredBy(start, [], "run")].map(({ alarm }) => alarm).sort()).toEqual([...start, ...dropped].flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm.id])).sort());
      expect(start.length > 0 && waiting.length > 0).toBe(false);
    }), { numRuns: 50, seed: 7 });
  });

  it("are decided by the person who asks for their run", () => {
    const alarm = trigger("alarm", {});
    expect(answeredBy([alarm, { ...trigger("person"), cause: { kind: "person", key: "p", by: "ann" } }], [], "run")).toEqual([{ alarm: "b".repeat(64), decision: "retrain", reason: "answered by run", run: "run", by: "ann (claimed)" }]);
    expect(answeredBy([alarm], ["c"], "run").map(({ by }) => by)).toEqual([undefined, undefined]);
  });
});

describe("what is decided about an alarm", () => {
  it("says who goes back, and by which command", () => {
    expect(decidedAtOnce({ id: "b".repeat(64), kind: "service", proposal: "roll-back", message: "it fails" }, "flights")).toEqual({ alarm: "b".repeat(64), decision: "roll-back", reason: 'the alarm asks for: roll-back; a person does it: relearn rollback flights --reason "alarm bbbbbbbbbbbb"', run: null });
  });

  it("stays, but for what a person says and for the run's name", () => {
    const decided = (decision: Remedy, by: string, run: string | null): AlarmDecision => ({ version: 1, alarm: "b".repeat(64), decision, by, reason: "so", at: "2013-06-15T00:00:00Z", run });
    expect(isNewDecision([], decided("ignore", "policy", null))).toBe(true);
    expect(isNewDecision([decided("ignore", "ann", null)], decided("retrain", "policy", "run"))).toBe(false);
    expect(isNewDecision([decided("retrain", "policy", "run")], decided("ignore", "policy", null))).toBe(false);
    expect(isNewDecision([decided("retrain", "policy", null)], decided("retrain", "policy", "run"))).toBe(true);
    expect(isNewDecision([decided("retrain", "policy", "run")], decided("ignore", "ann", null))).toBe(true);
  });
});

describe("what waits for a time", () => {
  const waits = (until: string | null): Waiting => ({ trigger: trigger("alarm", {}), until, reason: "cooldown", proposed: false });
  const now = Date.parse("2026-03-01T00:00:00Z");

  it("is judged again when it comes, and once more where the judge's clock was behind", () => {
    expect([nextDueMs([waits("2026-03-02T00:00:00Z"), waits("2026-03-01T00:00:05Z")], now), isDue([waits("2026-03-01T00:00:05Z")], now)]).toEqual([5_000, false]);
    expect([nextDueMs([waits("2026-02-28T23:59:58Z")], now), isDue([waits("2026-02-28T23:59:58Z")], now)]).toEqual([60_000, true]);
  });

  it("is left to later causes where the past is replayed, and to a person where no time is said", () => {
    expect([nextDueMs([waits("2013-07-01T00:00:00Z"), waits(null)], now), isDue([waits("2013-07-01T00:00:00Z"), waits(null)], now)]).toEqual([null, false]);
  });
});

describe("past runs", () => {
  it("say nothing where they began before the month, and before the cooldown", () => {
    expect([horizonOf({ cooldown: "P3D" }, "2013-06-15T00:00:00Z", "America/New_York"), horizonOf({ cooldown: "P3D" }, "2013-06-02T00:00:00Z", "UTC")]).toEqual(["2013-06-01T04:00:00Z", "2013-05-30T00:00:00Z"]);
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
