import { shares } from "./shares.ts";

/**
 * Jensen-Shannon distance of two counts over the same bins: the square root of the divergence in bits, from 0 (the same
 * shares) to 1 (no bin in common); a metric. As `scipy.spatial.distance.jensenshannon(p, q, base=2)`.
 * Source: Endres and Schindelin, A new metric for probability distributions (2003).
 */
export function jensenShannon(reference: readonly number[], current: readonly number[]): number {
  const p = shares(reference);
  const q = shares(current);
  const middle = p.map((share, i) => (share + (q[i] ?? 0)) / 2);
  return Math.sqrt(Math.max(0, (divergence(p, middle) + divergence(q, middle)) / 2));
}

/** Kullback-Leibler divergence in bits; `to` is positive wherever `from` is. */
const divergence = (from: readonly number[], to: readonly number[]): number =>
  from.reduce((sum, share, i) => (share === 0 ? sum : sum + share * Math.log2(share / (to[i] as number))), 0);
