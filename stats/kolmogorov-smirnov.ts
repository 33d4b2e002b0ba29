import { shares } from "./shares.ts";

/**
 * Two-sample Kolmogorov-Smirnov statistic of two counts over the same ordered bins: the largest difference of their
 * cumulative shares, 0 to 1. Equal to `scipy.stats.ks_2samp(...).statistic` where each bin is one value, else never above it.
 */
export function kolmogorovSmirnov(reference: readonly number[], current: readonly number[]): number {
  const p = shares(reference);
  const q = shares(current);
  let [difference, largest] = [0, 0];
  for (const [i, share] of p.entries()) {
    difference += (q[i] ?? 0) - share;
    largest = Math.max(largest, Math.abs(difference));
  }
  return largest;
}
