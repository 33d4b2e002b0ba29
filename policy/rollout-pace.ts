import type { RolloutEvidence } from "../schemas/rollout-evidence.ts";

const bounds = { least: 500, base: 5_000, most: 30_000 };

/** How much of a step's time has passed, by its predictions' own times (null: none came yet), and of the rollout's by the clock on the wall. */
export interface Passed { readonly watchedMs: number | null; readonly spentMs: number }

/**
 * Milliseconds until a rollout is looked at again: a sixtieth of its step, as its predictions' time passes, within half a second and five, as long as something
 * moves; ever longer, up to half a minute, when nothing does, or before it is known how quickly that time passes.
 */
export function nextPause(eachMs: number, before: number | null, moved: boolean, passed: Passed): number {
  const usual = Math.min(bounds.base, Math.max(bounds.least, Math.round(eachMs / 60 / speedOf(passed))));
  if (moved || before === null) return passed.watchedMs === null ? bounds.least : usual;
  return Math.min(bounds.most, Math.round(before * 1.5));
}

/** How often quicker than the clock on the wall: 1 of live traffic, and thousands where a year is asked for in minutes. */
const speedOf = ({ watchedMs, spentMs }: Passed): number => Math.max(1, (watchedMs ?? 0) / Math.max(1, spentMs));

/** What has to differ between two looks for something to have moved. */
export const traceOf = ({ replicas, candidate, champion }: RolloutEvidence): string => [replicas.live, replicas.ready, candidate.requests, champion.requests].join(" ");
