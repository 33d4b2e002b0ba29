import type { NumberSketch } from "../schemas/sketch.ts";
import { bucketCounts, bucketStart } from "./buckets.ts";

export interface Sentinel {
  readonly value: number;
  /** Share of all rows. */
  readonly share: number;
}

/** A value that takes less than this share of the rows is counted, not suspected. */
const suspiciousShare = 0.04;

/**
 * A number that stands for "none" (-1, 0, 999): a value, or a bucket far more frequent than its neighbours, that takes 4 % or
 * more of the rows, that the reference hardly knows, and that does not lie where values of this column would: below zero, or
 * zero itself, where the reference was above; a run of nines beyond its largest value; or further outside than its whole range.
 * @param rows all rows of the current column, nulls included.
 */
export function sentinel(reference: NumberSketch, current: NumberSketch, rows: number): Sentinel | null {
  if (reference.min === null || reference.max === null || rows === 0) return null;
  const found = spikes(reference, current, rows).filter(({ value }) => isForeign(value, reference.min as number, reference.max as number));
  return found.sort((a, b) => b.share - a.share)[0] ?? null;
}

function spikes(reference: NumberSketch, current: NumberSketch, rows: number): Sentinel[] {
  if (current.values !== null) return current.values.map(([value, n]) => ({ value, share: n / rows })).filter(({ share }) => share >= suspiciousShare);
  const known = new Map(bucketCounts(reference));
  const counts = new Map(current.buckets);
  const isSpike = (bucket: number, n: number) => n / rows >= suspiciousShare && Math.max(counts.get(bucket - 1) ?? 0, counts.get(bucket + 1) ?? 0) < n / 2;
  return current.buckets
    .filter(([bucket, n]) => isSpike(bucket, n) && (known.get(bucket) ?? 0) / reference.count < n / rows / 10)
    .map(([bucket, n]) => ({ value: valueIn(current, bucket), share: n / rows }));
}

/** The extreme value where it lies in the bucket, else the bucket's start, as short as the bucket allows. */
function valueIn(sketch: NumberSketch, bucket: number): number {
  const [from, to] = [bucketStart(bucket, sketch), bucketStart(bucket + 1, sketch)];
  const extreme = [sketch.min, sketch.max].find((value) => value !== null && value >= from && value < to);
  return extreme ?? Number(((from + to) / 2).toPrecision(3));
}

function isForeign(value: number, min: number, max: number): boolean {
  const negative = value < 0 && min >= 0;
  const zero = value === 0 && min > 0;
  const nines = value > max && /^9{2,}(\.9*)?$/.test(String(value));
  const far = max > min && (value < min - (max - min) || value > max + (max - min));
  return negative || zero || nines || far;
}
