import { claims } from "./calibration.ts";
import { calibrated, type CalibrationPoint, fewestInBin } from "./cbpe.ts";
import { chiSquareTail } from "./chi-square.ts";
import type { ScoredRows } from "./scored-rows.ts";

export interface CalibrationShift {
  /** Mean over the rows of how far what came true lies from what such scores were worth: 0 to 1. */
  readonly value: number;
  /** Probability of one so large while scores are worth what they were. */
  readonly p: number;
}

/** Rows that come in bursts tell as much as half as many drawn at random, as in psi-significance.ts. */
const designEffect = 2;

/**
 * Whether the same scores mean something else now: P(y|x) told apart from P(x), for rows that only moved to where labels are harder to tell come true as often as
 * such rows did before. By tenths of the score, what came true is held against the chance that such scores had on the holdout; the sum of squared
 * deviations, each over its variance (that of the labels, and that of the holdout's own share), is chi-square with a degree a tenth. Hosmer and Lemeshow, Applied
 * Logistic Regression (1989), 5.2.2, for a model fitted on other rows; of several classes, the chance that the predicted one is true.
 * @param before reliability of the scores on the holdout
 * @returns null where no tenth has enough rows on both sides
 */
export function calibrationShift(rows: Exclude<ScoredRows, { task: "regression" }>, before: readonly (CalibrationPoint & { readonly from: number; readonly to: number })[]): CalibrationShift | null {
  const { claimed, came } = claims(rows);
  const chance = calibrated(claimed, before);
  let [distance, n, x, degrees] = [0, 0, 0, 0];
  for (const bin of before.filter((one) => one.rows >= fewestInBin)) {
    const { rows: m, came: seen, expected, variance } = sumsIn(bin, claimed, chance, came);
    if (m < fewestInBin) continue;
    const spread = variance + (m * m * bin.observed * (1 - bin.observed)) / bin.rows;
    distance += Math.abs(seen - expected);
    n += m;
    if (spread === 0) continue;
    x += (seen - expected) ** 2 / spread;
    degrees++;
  }
  return degrees === 0 ? null : { value: distance / n, p: chiSquareTail(x / designEffect, degrees) };
}

function sumsIn({ from, to }: { readonly from: number; readonly to: number }, claimed: ArrayLike<number>, chance: ArrayLike<number>, came: ArrayLike<number>): { rows: number; came: number; expected: number; variance: number } {
  const sums = { rows: 0, came: 0, expected: 0, variance: 0 };
  for (let i = 0; i < claimed.length; i++) {
    const score = claimed[i]!;
    if (score < from || (score >= to && !(to >= 1))) continue;
    sums.rows++;
    sums.came += came[i]!;
    sums.expected += chance[i]!;
    sums.variance += chance[i]! * (1 - chance[i]!);
  }
  return sums;
}
