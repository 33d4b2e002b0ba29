import type { Guard, RolloutPlan } from "../../schemas/rollout-evidence.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { type Behaviour, type Outcome, play, type Script } from "./canary-world.ts";

const guard = (metric: Guard["metric"], limit: number | null, implied = false): Guard => ({ metric, limit, implied });
export const plans: readonly RolloutPlan[] = [
  { kind: "canary", shares: [5, 25, 50, 100], eachMs: 60_000, samples: 200, withinMs: 7_200_000, guards: [guard("error_rate", 0.01), guard("p99_ms", 50), guard("output_shift", 0.25), guard("wrong_rate", null, true)] },
  { kind: "canary", shares: [10, 50, 100], eachMs: 30_000, samples: 100, withinMs: 7_200_000, guards: [guard("error_rate", 0.01), guard("p99_ms", null, true), guard("output_shift", 0.25), guard("wrong_rate", null, true)] },
];
const humps = [1, 2, 4, 7, 10, 12, 11, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1];
export const well: Behaviour = { errors: 0.001, medianMs: 5, spread: 0.5, outputs: humps };

/** As good as the champion, or so little worse that nobody minds. */
export const good: readonly Partial<Script>[] = [
  {}, { candidate: { ...well, errors: 0 } }, { candidate: { ...well, medianMs: 6 } }, { candidate: { ...well, errors: 0.003 } }, { rows: 16 },
  { candidate: { ...well, outputs: humps.map((weight, i) => weight * (i < 8 ? 1.15 : 0.9)) } },
  { labelled: 1 }, { labelled: 0.3, candidate: { ...well, wrong: 0.18 } },
];
/** Slow, slow in its tail, failing, with its outputs turned round, moved, all alike; and two with the outputs of the champion that are wrong more often. */
export const bad: readonly Partial<Script>[] = [
  { candidate: { ...well, medianMs: 60 } }, { candidate: { ...well, medianMs: 16, spread: 1.1 } },
  { candidate: { ...well, errors: 0.05 } }, { candidate: { ...well, errors: 0.2 } },
  { candidate: { ...well, outputs: [...humps].reverse() } }, { candidate: { ...well, outputs: humps.map((_, i) => humps[(i + 16) % 20]!) } },
  { candidate: { ...well, outputs: [0, 0, 0, 0, 0, 1] }, rows: 8 },
  { candidate: { ...well, errors: 1 } },
  { labelled: 1, candidate: { ...well, wrong: 0.35 } }, { labelled: 0.5, candidate: { ...well, wrong: 0.5 } },
];
export const silent: readonly Partial<Script>[] = [{ requestsPerSecond: 0 }, { requestsPerSecond: 0.02 }];

/** Each behaviour under each plan and two loads. */
export function scripts(behaviours: readonly Partial<Script>[]): Script[] {
  return plans.flatMap((plan) => [40, 120].flatMap((requestsPerSecond) => behaviours.map((behaviour) => ({ plan, champion: well, candidate: well, requestsPerSecond, rows: 1, seconds: 900, ...behaviour }))));
}

export function outcomes(behaviours: readonly Partial<Script>[], seeds: number): Outcome[] {
  return scripts(behaviours).flatMap((script, i) => Array.from({ length: seeds }, (_, seed) => play(script, seededRandom(1 + seed + 1_000 * i))));
}

export const share = (found: readonly Outcome[], end: Outcome["end"]): number => found.filter((one) => one.end === end).length / found.length;
export const told = (found: readonly Outcome[]): string => [...new Set(found.map((one) => `${one.end} at step ${one.step}: ${one.reason}`))].slice(0, 8).join("\n");
