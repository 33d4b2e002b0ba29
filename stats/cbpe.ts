import { normalQuantile } from "./normal.ts";

/** A metric as it is expected from how sure the model was, with the 95 % interval that chance alone leaves. */
export interface Expected { readonly value: number; readonly low: number; readonly high: number }

const z = normalQuantile(0.975);

/**
 * What a binary classifier's metrics are expected to be, before labels come, if its scores are calibrated: each row's label is 1 with chance `score`.
 * Accuracy, precision and recall from the expected confusion matrix, log loss as the scores' entropy, AUC from the expected ranks. Confidence-based performance
 * estimation; NannyML, How CBPE works (2022). It does not see concept drift: that changes what a score is worth.
 * @param score of class 1, calibrated, 0 to 1. @param threshold from which class 1 is predicted
 * @returns metrics by name; none for no rows
 */
export function expectedMetrics(score: ArrayLike<number>, threshold = 0.5): Readonly<Record<string, Expected>> {
  const n = score.length;
  if (n === 0) return {};
  const each = (of: (p: number) => number): Float64Array => Float64Array.from(score, of);
  const isPositive = (p: number): boolean => p >= threshold;
  const accuracy = each((p) => (isPositive(p) ? p : 1 - p));
  const positive = sum(each((p) => (isPositive(p) ? 1 : 0)));
  const truePositive = sum(each((p) => (isPositive(p) ? p : 0)));
  const expectedPositive = sum(each((p) => p));
  return {
    accuracy: withSpread(sum(accuracy) / n, Math.sqrt(sum(each((p) => p * (1 - p)))) / n),
    log_loss: atLeastZero(withSpread(sum(each(entropy)) / n, Math.sqrt(sum(each(entropyVariance))) / n)),
    ...(positive === 0 ? {} : { precision: withSpread(truePositive / positive, Math.sqrt(sum(each((p) => (isPositive(p) ? p * (1 - p) : 0)))) / positive) }),
    ...(expectedPositive === 0 ? {} : { recall: withSpread(truePositive / expectedPositive, Math.sqrt(sum(each((p) => p * (1 - p)))) / expectedPositive) }),
    ...expectedAuc(score),
  };
}

const sum = (values: Float64Array): number => values.reduce((all, value) => all + value, 0);
const withSpread = (value: number, deviation: number): Expected => ({ value, low: Math.max(0, value - z * deviation), high: Math.min(1, value + z * deviation) });
const atLeastZero = (one: Expected): Expected => ({ ...one, high: one.value + (one.value - one.low) });

const log = (p: number): number => Math.log(Math.min(Math.max(p, 1e-15), 1));
const entropy = (p: number): number => -(p * log(p) + (1 - p) * log(1 - p));
const entropyVariance = (p: number): number => p * log(p) ** 2 + (1 - p) * log(1 - p) ** 2 - entropy(p) ** 2;

/** Every pair of rows counts with the chance that the one is positive and the other is not; ties count half. */
function expectedAuc(score: ArrayLike<number>): Readonly<Record<string, Expected>> {
  const sorted = Float64Array.from(score).sort();
  const positives = sum(sorted);
  const negatives = sorted.length - positives;
  if (positives <= 0 || negatives <= 0) return {};
  let [ranked, below] = [0, 0];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (end < sorted.length && sorted[end] === sorted[i]) end++;
    const p = sorted[i]!;
    const tied = end - i;
    ranked += tied * p * (below + (tied * (1 - p)) / 2);
    below += tied * (1 - p);
    i = end;
  }
  // Pairs of a row with itself are none.
  const self = sorted.reduce((all, p) => all + p * (1 - p), 0);
  const value = (ranked - self / 2) / (positives * negatives - self);
  const [q1, q2] = [value / (2 - value), (2 * value * value) / (1 + value)];
  const variance = (value * (1 - value) + (positives - 1) * (q1 - value * value) + (negatives - 1) * (q2 - value * value)) / (positives * negatives);
  return { auc: withSpread(value, Math.sqrt(Math.max(0, variance))) };
}

export interface CalibrationPoint { readonly rows: number; readonly predicted: number; readonly observed: number }

/** Bins with fewer rows say too little of what their scores are worth. */
export const fewestInBin = 30;

/** Scores as chances: what came true of such scores on the holdout, in between linearly. Without enough bins to tell, the scores themselves. */
export function calibrated(score: ArrayLike<number>, bins: readonly CalibrationPoint[]): Float64Array {
  const points = bins.filter(({ rows }) => rows >= fewestInBin).toSorted((a, b) => a.predicted - b.predicted);
  if (points.length < 2) return Float64Array.from(score);
  return Float64Array.from(score, (p) => {
    const next = points.findIndex(({ predicted }) => predicted >= p);
    if (next <= 0) return (next === 0 ? points[0] : points.at(-1))!.observed;
    const [below, above] = [points[next - 1]!, points[next]!];
    return below.observed + ((above.observed - below.observed) * (p - below.predicted)) / Math.max(above.predicted - below.predicted, 1e-12);
  });
}
