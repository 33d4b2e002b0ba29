import type { ColumnSketch } from "../schemas/sketch.ts";

/** The shortest decimal that is the same float32: 0.7 of 0.699999988079071. */
export function floatDecimal(value: number): number {
  const float = Math.fround(value);
  if (!Number.isFinite(float)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(9));
}

/** A column of doubles as it would have been counted had it passed through float32, which is how a model takes it. Counts in buckets stay: they are far wider. */
export function throughFloat(column: ColumnSketch): ColumnSketch {
  if (column.kind !== "number" || column.values === null) return column;
  const counts = new Map<number, number>();
  for (const [value, n] of column.values) counts.set(floatDecimal(value), (counts.get(floatDecimal(value)) ?? 0) + n);
  return { ...column, values: [...counts].sort(([a], [b]) => a - b) };
}
