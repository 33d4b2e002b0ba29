import { chiSquareTail } from "./chi-square.ts";

/** Served rows come in bursts that are alike (a storm, a campaign): so many of them tell as much as one drawn at random. */
const designEffect = 2;

/**
 * Probability of a PSI this large between samples of one distribution: PSI times `n m / (n + m)` is then close to chi-square with one degree less than
 * there are bins. Yurdakul, Statistical Properties of the Population Stability Index (2018). With the rows counted at half, because they are not independent.
 * @param bins that either side has rows in
 */
export function psiSignificance(psi: number, bins: number, referenceRows: number, rows: number): number {
  if (bins < 2) return 1;
  const [n, m] = [referenceRows / designEffect, rows / designEffect];
  return chiSquareTail((psi * n * m) / (n + m), bins - 1);
}
