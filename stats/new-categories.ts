import type { CategorySketch } from "../schemas/sketch.ts";

export interface NewCategories {
  /** Share of rows with a value the reference has never seen. */
  readonly share: number;
  /** The share to expect anyhow: of values seen once in the reference (Good, 1953). */
  readonly expected: number;
  readonly distinct: number;
  /** The most frequent new values, at most 3. */
  readonly values: readonly string[];
}

/** What is new in a column of categories. Where the reference dropped rare values, only a value more frequent than its error bound counts as new. */
export function newCategories(reference: CategorySketch, current: CategorySketch): NewCategories {
  const known = new Set(reference.values.map(([value]) => value));
  const fresh = current.values.filter(([value, n]) => !known.has(value) && n > reference.bound).sort(([, a], [, b]) => b - a);
  const once = reference.values.filter(([, n]) => n === 1).length + reference.dropped;
  const rows = fresh.reduce((sum, [, n]) => sum + n, 0);
  return { share: rows / Math.max(1, current.count), expected: once / Math.max(1, reference.count), distinct: fresh.length, values: fresh.slice(0, 3).map(([value]) => value) };
}
