import type { NumberSketch } from "../schemas/sketch.ts";

/** Width of a bucket on the asinh axis: about 6 % of a value far from the centre, a sixteenth of the scale near it. */
export const bucketWidth = 1 / 16;

interface Axis {
  readonly center: number;
  readonly scale: number;
}

/** Number of the bucket of a finite value: `floor(asinh((v - center) / scale) / width)`. */
export function bucketOf(value: number, { center, scale }: Axis): number {
  return Math.floor(Math.asinh((value - center) / scale) / bucketWidth);
}

/** Lower end of a bucket; its upper end is the lower end of the next. */
export function bucketStart(bucket: number, { center, scale }: Axis): number {
  return center + scale * Math.sinh(bucket * bucketWidth);
}

/** Finite values as ascending cells `[from, to, count]`; an exactly counted value is a cell without width. */
export function cellsOf(sketch: NumberSketch): readonly (readonly [number, number, number])[] {
  if (sketch.values !== null) return sketch.values.map(([value, n]) => [value, value, n]);
  return sketch.buckets.map(([bucket, n]) => [bucketStart(bucket, sketch), bucketStart(bucket + 1, sketch), n]);
}

/** Exact counts turned into bucket counts, ascending. */
export function bucketCounts(sketch: NumberSketch): readonly (readonly [number, number])[] {
  if (sketch.values === null) return sketch.buckets;
  const counts = new Map<number, number>();
  for (const [value, n] of sketch.values) counts.set(bucketOf(value, sketch), (counts.get(bucketOf(value, sketch)) ?? 0) + n);
  return [...counts];
}
