import type { Column } from "../schemas/column.ts";
import { type ColumnFrame, maxExactNumbers, type NumberFrame } from "../schemas/sketch.ts";

/** What a column of numbers looked like in the first accepted snapshot. Null without values. */
export interface NumberFacts {
  readonly lower: number | null;
  readonly median: number | null;
  readonly upper: number | null;
  readonly deviation: number | null;
  readonly distinct: number;
  /** Finite values. */
  readonly count: number;
}

/** Leaves room for the values that later days add. */
const discreteLimit = maxExactNumbers * 0.8;

/** From so many rows a value on, counting values first halves a scan; below, it would only hold them all in memory. */
const repeatsFrom = 8;

/**
 * Centre and scale of a number's buckets: median and interquartile range, else standard deviation, else 1 (a constant
 * column, or one without values).
 */
export function numberFrame(kind: NumberFrame["kind"], facts: NumberFacts): NumberFrame {
  const scale = [(facts.upper ?? 0) - (facts.lower ?? 0), facts.deviation ?? 0].find((s) => Number.isFinite(s) && s > 0) ?? 1;
  return { kind, center: facts.median ?? 0, scale, discrete: facts.distinct <= discreteLimit, repeats: facts.distinct * repeatsFrom <= facts.count };
}

/** How a declared column is sketched. A text is counted by its length, an embedding by its norm. */
export function sketchKind(column: Column): ColumnFrame["kind"] {
  const kinds = { number: "number", integer: "number", category: "category", boolean: "category", text: "length", time: "time", embedding: "norm" } as const;
  return kinds[column.type];
}
