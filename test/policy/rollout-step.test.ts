import { describe, expect, it } from "vitest";
import { nextStep, onward, type StepQuestion } from "../../policy/rollout-step.ts";
import type { GuardEvidence, RolloutEvidence, RolloutPlan } from "../../schemas/rollout-evidence.ts";

const plan: RolloutPlan = { kind: "canary", shares: [5, 25, 100], eachMs: 60_000, samples: 200, withinMs: 3_600_000, guards: [] };
const found = (metric: GuardEvidence["metric"], rest: Partial<GuardEvidence> = {}): GuardEvidence => ({ metric, limit: 0.01, implied: false, observed: 0.001, holds: true, logE: -3, samples: 500, ...rest });
const seen: RolloutEvidence = {
  replicas: { live: 2, ready: 2, failed: [] }, candidate: { requests: 500, errors: 0 }, champion: { requests: 9_500, errors: 3 }, watchedMs: 61_000, championP99: 9,
  guards: [found("error_rate"), found("p99_ms", { limit: 50, observed: 12 }), found("output_shift", { limit: 0.25, observed: 0.02 })],
};
const ask = (evidence: Partial<RolloutEvidence> = {}, rest: Partial<StepQuestion> = {}) => nextStep({ plan, running: { kind: "canary", step: 0, share: 5, paused: false }, evidence: { ...seen, ...evidence }, spentMs: 70_000, ...rest });
const guards = (...changed: GuardEvidence[]) => ({ guards: [...changed, ...seen.guards.filter(({ metric }) => !changed.some((one) => one.metric === metric))] });

describe("a step of a canary", () => {
  it("goes on when every check says yes, and promotes after the last share", () => {
    expect(ask()).toMatchObject({ move: "advance", share: 25 });
    expect(ask({}, { running: { kind: "canary", step: 2, share: 100, paused: false } })).toMatchObject({ move: "promote" });
    expect(ask().checks.map(({ gate, answer }) => `${gate}: ${answer}`)).toEqual(["servers: yes", "deadline: yes", "error_rate > 0.01: yes", "p99_ms > 50: yes", "output_shift > 0.25: yes", "samples: yes", "time: yes"]);
  });

  it.each<[string, Partial<RolloutEvidence>, string]>([
    ["without a prediction", { candidate: { requests: 0, errors: 0 }, watchedMs: null, guards: seen.guards.map((one) => ({ ...one, observed: null, holds: null, samples: 0, logE: 0 })) }, "error_rate"],
    ["with too few", guards(found("error_rate", { samples: 199 })), "199 of 200"],
    ["before its time is over", { watchedMs: 59_999 }, "time"],
    ["when no server is alive", { replicas: { live: 0, ready: 0, failed: [] } }, "no server"],
    ["when a server is not ready", { replicas: { live: 2, ready: 1, failed: [] } }, "1 of 2"],
    ["when what was seen lies above a limit, which may be chance", guards(found("error_rate", { observed: 0.02, holds: false, logE: 2 })), "may still be chance"],
    ["when latency has nothing to be compared with", guards(found("p99_ms", { limit: null, implied: true, holds: null })), "not known"],
    ["when nobody asked about latency", { guards: seen.guards.filter(({ metric }) => metric !== "p99_ms") }, "needs a yes"],
  ])("waits %s", (_, evidence, reason) => {
    expect(ask(evidence)).toMatchObject({ move: "hold" });
    expect(ask(evidence).reason).toContain(reason);
  });

  it.each<[string, Partial<RolloutEvidence>, string]>([
    ["when the e-value of errors reaches 20, however few samples", guards(found("error_rate", { observed: 0.4, holds: false, logE: Math.log(20), samples: 12 })), "error_rate"],
    ["when outputs moved far, and that is no chance", guards(found("output_shift", { limit: 0.25, observed: 0.4, holds: false, logE: 5 })), "output_shift"],
    ["when a server cannot load it", { replicas: { live: 2, ready: 1, failed: [{ id: "web-1", reason: "golden predictions differ" }] } }, "golden predictions differ"],
  ])("goes back %s, also while it is paused", (_, evidence, reason) => {
    for (const paused of [false, true]) expect(ask(evidence, { running: { kind: "canary", step: 1, share: 25, paused } })).toMatchObject({ move: "rollback", reason: expect.stringContaining(reason) });
  });

  it("waits for a step's samples before it says how far outputs moved", () => {
    expect(ask(guards(found("output_shift", { limit: 0.25, observed: 1.5, holds: false, logE: 14, samples: 79 })))).toMatchObject({ move: "hold", reason: "output_shift > 0.25: 79 of 200 predictions" });
  });

  it("does not go back for a shift that is certain and small", () => {
    expect(ask(guards(found("output_shift", { limit: 0.25, observed: 0.1, holds: true, logE: 50 })))).toMatchObject({ move: "advance" });
    expect(ask(guards(found("output_shift", { limit: 0.25, observed: 0.5, allowance: 0.2, holds: false, logE: 50 })))).toMatchObject({ move: "rollback", reason: expect.stringMatching(/^output_shift > 0\.25: 0\.5 \(of which 0\.2 is known from the evaluation\) over .* it is above 0\.25$/) });
  });

  it("goes back when its time by the wall clock is over, but not while a person has paused it", () => {
    expect(ask({}, { spentMs: 3_600_001 })).toMatchObject({ move: "rollback", reason: expect.stringContaining("deadline") });
    expect(ask({}, { spentMs: 3_600_001, running: { kind: "canary", step: 0, share: 5, paused: true } })).toMatchObject({ move: "hold", reason: "paused" });
  });

  it("asks not about outputs where nobody gets the champion's, nor about disagreements outside a shadow", () => {
    const last = ask(guards(found("output_shift", { holds: null, observed: null, samples: 0 }), found("disagreement", { holds: null, observed: null, samples: 0 })), { running: { kind: "canary", step: 2, share: 100, paused: false } });
    expect(last.move).toBe("promote");
    expect(last.checks.filter(({ answer }) => answer === "not-applicable").map(({ gate }) => gate.split(" ")[0])).toEqual(["output_shift", "disagreement"]);
  });

  it("tells how often a shadow answers otherwise, also where that sends nothing back", () => {
    const shadow = { running: { kind: "shadow" as const, step: 0, share: 100, paused: false } };
    const told = (observed: number | null) => ask(guards(found("disagreement", { limit: null, observed, holds: null, samples: 400, implied: true })), shadow).checks.find(({ gate }) => gate === "disagreement");
    expect(told(0.0125)).toMatchObject({ answer: "not-applicable", reason: "1.25 % of 400 answers differ from the champion's to the same rows; no limit is given", observed: 0.0125 });
    expect(told(null)).toMatchObject({ answer: "not-applicable", reason: "no answer was compared yet" });
  });

  it("speaks of one server, and of one prediction, as one", () => {
    const one = ask({ replicas: { live: 1, ready: 1, failed: [] }, ...guards(found("error_rate", { samples: 1 })) }, { plan: { ...plan, samples: 1 } });
    expect(one.checks.map(({ reason }) => reason).slice(0, 3)).toEqual(["1 of 1 server ready to answer with it", expect.any(String), "0.001 over 1 prediction, e-value 0.05"]);
  });

  it("lowers no share that a person raised", () => {
    expect(onward({ plan, running: { kind: "canary", step: 0, share: 40, paused: false } })).toEqual({ move: "advance", share: 40 });
  });
});

describe("blue/green", () => {
  it("takes over when every server has it ready, and waits for nothing else", () => {
    const blueGreen = { plan: { ...plan, kind: "blueGreen", shares: [0], guards: [] } as const, running: { kind: "blueGreen", step: 0, share: 0, paused: false } as const };
    expect(ask({ guards: [], watchedMs: null }, blueGreen)).toMatchObject({ move: "promote" });
    expect(ask({ guards: [], replicas: { live: 2, ready: 1, failed: [] } }, blueGreen)).toMatchObject({ move: "hold" });
  });
});
