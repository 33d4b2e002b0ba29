import type { NumberSketch } from "../schemas/sketch.ts";
import { cellsOf } from "./buckets.ts";

/**
 * Quantile `q` (0 to 1) of a column's finite values: exact for exactly counted ones (the smallest value with at least a
 * share `q` of rows at or below it), else interpolated inside its bucket and so within the bucket's width. Null without values.
 */
export function quantile(sketch: NumberSketch, q: number): number | null {
  if (sketch.min === null || sketch.max === null) return null;
  const target = q * sketch.count;
  let below = 0;
  for (const [from, to, n] of cellsOf(sketch)) {
    if (below + n >= target) return clamp(from + (to - from) * Math.max(0, (target - below) / n), sketch.min, sketch.max);
    below += n;
  }
  return sketch.max;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
