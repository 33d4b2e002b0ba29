import type { RolloutEvidence } from "../schemas/rollout-evidence.ts";

const bounds = { least: 500, base: 5_000, most: 30_000 };

/**
 * Milliseconds until a rollout is looked at again: a sixtieth of its step, within half a second and five, as long as something moves; ever longer, up to half a
 * minute, when nothing does.
 */
export function nextPause(eachMs: number, before: number | null, moved: boolean): number {
  const base = Math.min(bounds.base, Math.max(bounds.least, Math.round(eachMs / 60)));
  return moved || before === null ? base : Math.min(bounds.most, Math.round(before * 1.5));
}

/** What has to differ between two looks for something to have moved. */
export const traceOf = ({ replicas, candidate, champion }: RolloutEvidence): string => [replicas.live, replicas.ready, candidate.requests, champion.requests].join(" ");
