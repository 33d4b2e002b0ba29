import type { Measure } from "./measure.ts";
import { randomBits } from "./random.ts";

/**
 * Values of several measures over the same resamples of the same n rows, drawn with replacement (Efron 1979): paired, so that
 * differences between them can be taken resample by resample.
 * @returns one array of `resamples` values a measure.
 */
export function bootstrapValues(measures: readonly Measure[], n: number, resamples: number, seed: number): Float64Array[] {
  const values = measures.map(() => new Float64Array(resamples));
  const next = randomBits(seed);
  const weights = new Uint16Array(n);
  for (let r = 0; r < resamples; r++) {
    weights.fill(0);
    for (let i = 0; i < n; i++) weights[(next() * n) / 4_294_967_296 >>> 0]!++;
    measures.forEach((measure, m) => (values[m]![r] = measure.value(weights)));
  }
  return values;
}

/**
 * Percentile interval. Resamples on which a measure is not defined are left out; where they are more than one in twenty
 * there is no interval.
 */
export function percentileInterval(values: Float64Array, confidence: number): readonly [number, number] | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length < 0.95 * values.length || sorted.length === 0) return null;
  return [at(sorted, (1 - confidence) / 2), at(sorted, (1 + confidence) / 2)];
}

/** Linear between order statistics (Hyndman and Fan's type 7). */
function at(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
}
