import { shares } from "./shares.ts";

/** Shares below this count as this much: an empty bin must not make the sum infinite. */
export const smallestShare = 1e-4;

/**
 * Population stability index of two counts over the same bins: `sum((q - p) * ln(q / p))` over shares, each at least 1e-4.
 * 0 for the same shares, never negative, symmetric. Usual reading: below 0.1 stable, above 0.25 moved.
 * Source: Siddiqi, Credit Risk Scorecards (2006); it is Jeffreys' divergence.
 */
export function psi(reference: readonly number[], current: readonly number[]): number {
  const p = shares(reference);
  const q = shares(current);
  return p.reduce((sum, share, i) => sum + term(Math.max(share, smallestShare), Math.max(q[i] ?? 0, smallestShare)), 0);
}

const term = (p: number, q: number): number => (q - p) * Math.log(q / p);
