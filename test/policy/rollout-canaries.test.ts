import { describe, expect, it } from "vitest";
import type { Guard, RolloutPlan } from "../../schemas/rollout-evidence.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { type Behaviour, type Outcome, play, type Script } from "./canary-world.ts";

const guard = (metric: Guard["metric"], limit: number | null, implied = false): Guard => ({ metric, limit, implied });
const plans: readonly RolloutPlan[] = [
  { kind: "canary", shares: [5, 25, 50, 100], eachMs: 60_000, samples: 200, withinMs: 7_200_000, guards: [guard("error_rate", 0.01), guard("p99_ms", 50), guard("output_shift", 0.25)] },
  { kind: "canary", shares: [10, 50, 100], eachMs: 30_000, samples: 100, withinMs: 7_200_000, guards: [guard("error_rate", 0.01), guard("p99_ms", null, true), guard("output_shift", 0.25)] },
];
const humps = [1, 2, 4, 7, 10, 12, 11, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1];
const well: Behaviour = { errors: 0.001, medianMs: 5, spread: 0.5, outputs: humps };

const good: readonly Partial<Script>[] = [
  {}, { candidate: { ...well, errors: 0 } }, { candidate: { ...well, medianMs: 6 } }, { candidate: { ...well, errors: 0.003 } }, { rows: 16 },
  { candidate: { ...well, outputs: humps.map((weight, i) => weight * (i < 8 ? 1.15 : 0.9)) } },
];
const bad: readonly Partial<Script>[] = [
  { candidate: { ...well, medianMs: 60 } }, { candidate: { ...well, medianMs: 16, spread: 1.1 } },
  { candidate: { ...well, errors: 0.05 } }, { candidate: { ...well, errors: 0.2 } },
  { candidate: { ...well, outputs: [...humps].reverse() } }, { candidate: { ...well, outputs: humps.map((_, i) => humps[(i + 16) % 20]!) } },
  { candidate: { ...well, outputs: [0, 0, 0, 0, 0, 1] }, rows: 8 },
  { candidate: { ...well, errors: 1 } },
];
const silent: readonly Partial<Script>[] = [{ requestsPerSecond: 0 }, { requestsPerSecond: 0.02 }];

/** More of them in the long tests. */
const seeds = 2;

/** Each behaviour under each plan and two loads: 60 scripts and a few more. */
function scripts(behaviours: readonly Partial<Script>[]): Script[] {
  return plans.flatMap((plan) => [40, 120].flatMap((requestsPerSecond) => behaviours.map((behaviour) => ({ plan, champion: well, candidate: well, requestsPerSecond, rows: 1, seconds: 900, ...behaviour }))));
}

function outcomes(behaviours: readonly Partial<Script>[], seeds: number): Outcome[] {
  return scripts(behaviours).flatMap((script, i) => Array.from({ length: seeds }, (_, seed) => play(script, seededRandom(1 + seed + 1_000 * i))));
}

const share = (found: readonly Outcome[], end: Outcome["end"]): number => found.filter((one) => one.end === end).length / found.length;
const told = (found: readonly Outcome[]): string => [...new Set(found.map((one) => `${one.end} at step ${one.step}: ${one.reason}`))].slice(0, 8).join("\n");

describe("scripted canaries, looked at every second", () => {
  it("count 60 scripts", () => expect(scripts([...good, ...bad, ...silent]).length).toBeGreaterThanOrEqual(60));

  it("promote the good ones, and send at most one in twenty back", () => {
    const found = outcomes(good, seeds);
    expect(share(found, "promoted"), told(found.filter((one) => one.end !== "promoted"))).toBeGreaterThanOrEqual(0.95);
    expect(share(found, "rolled back"), told(found.filter((one) => one.end === "rolled back"))).toBeLessThanOrEqual(0.05);
    expect(found.reduce((sum, one) => sum + one.hasty, 0)).toBe(0);
  });

  it("promote no bad one, and send all of them back", () => {
    const found = outcomes(bad, seeds);
    expect(share(found, "promoted"), told(found.filter((one) => one.end === "promoted"))).toBe(0);
    expect(share(found, "rolled back"), told(found.filter((one) => one.end !== "rolled back"))).toBe(1);
  });

  it("take no step without traffic, and none with too little of it", () => {
    const found = outcomes(silent, 1);
    expect(share(found, "held"), told(found.filter((one) => one.end !== "held"))).toBe(1);
    expect(found.every((one) => one.step === 0 && one.hasty === 0)).toBe(true);
  });
});
