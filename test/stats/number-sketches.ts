import type { NumberSketch, Sketch } from "../../schemas/sketch.ts";
import { bucketOf } from "../../stats/buckets.ts";
import { maxExactNumbers } from "../../schemas/sketch.ts";

/** The sketch of a list of numbers by its definition, row by row; null is null. */
export function sketchNumbers(rows: readonly (number | null)[], axis = { center: 0, scale: 1 }, discrete = true): NumberSketch {
  const finite = rows.filter((x): x is number => x !== null && Number.isFinite(x));
  const count = (of: (x: number) => number) => {
    const counts = new Map<number, number>();
    for (const x of finite) counts.set(of(x), (counts.get(of(x)) ?? 0) + 1);
    return [...counts].sort(([a], [b]) => a - b);
  };
  const values = count((x) => (x === 0 ? 0 : x));
  const exact = discrete && values.length <= maxExactNumbers;
  return {
    kind: "number", ...axis, nulls: rows.filter((x) => x === null).length, nan: rows.filter((x) => Number.isNaN(x)).length, infinite: rows.filter((x) => Math.abs(x ?? 0) === Number.POSITIVE_INFINITY).length,
    count: finite.length, min: finite.length === 0 ? null : finite.reduce((a, b) => Math.min(a, b)), max: finite.length === 0 ? null : finite.reduce((a, b) => Math.max(a, b)),
    sum: finite.reduce((a, b) => a + b, 0), squares: finite.reduce((a, b) => a + b * b, 0), whole: finite.filter((x) => x === Math.floor(x)).length, tens: finite.filter((x) => x % 10 === 0).length,
    values: exact ? values : null, buckets: exact ? [] : count((x) => bucketOf(x, axis)),
  };
}

export const oneColumn = (column: Sketch["columns"][string], rows: number): Sketch => ({ version: 1, rows, columns: { x: column } });

/** Standard normal numbers, the same for a seed. */
export function normal(n: number, seed = 1): number[] {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}
