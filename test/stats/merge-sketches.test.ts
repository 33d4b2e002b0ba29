import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CategorySketch, Sketch, TimeSketch } from "../../schemas/sketch.ts";
import { bucketStart } from "../../stats/buckets.ts";
import { keepTop, mergeSketches } from "../../stats/merge-sketches.ts";
import { quantile } from "../../stats/quantile.ts";
import { normal, oneColumn, sketchNumbers } from "./number-sketches.ts";

const numbers = fc.array(fc.option(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double({ min: -1e9, max: 1e9 }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY))), { maxLength: 200 });
const categories = fc.array(fc.tuple(fc.stringMatching(/^[a-f]{1,2}$/), fc.integer({ min: 1, max: 9 })), { maxLength: 12 });

function sketchCategories(list: readonly (readonly [string, number])[]): CategorySketch {
  const counts = new Map<string, number>();
  for (const [value, n] of list) counts.set(value, (counts.get(value) ?? 0) + n);
  return { kind: "category", nulls: 1, count: [...counts.values()].reduce((a, b) => a + b, 0), ...keepTop([...counts], 0, 0) };
}

const part = fc.tuple(numbers, categories, fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 24, maxLength: 24 }), fc.boolean()).map(([x, c, hours, discrete]): Sketch => {
  const time: TimeSketch = { kind: "time", nulls: 0, count: hours.reduce((a, b) => a + b, 0), min: 5, max: 9, hours, onTheHour: 1 };
  return { version: 1, rows: x.length + 1, columns: { x: sketchNumbers(x, { center: 3, scale: 2 }, discrete), c: sketchCategories(c), t: time } };
});

/** Sums differ by rounding with the order; everything else must not. */
const rounded = (sketch: Sketch): unknown => JSON.parse(JSON.stringify(sketch, (key, value: unknown) => (key === "sum" || key === "squares" ? Number((value as number).toPrecision(9)) : value)));

describe("merging", () => {
  test("is commutative and associative", () => {
    fc.assert(fc.property(part, part, part, (a, b, c) => {
      const sameCells = (x: Sketch, y: Sketch) => expect({ ...rounded(x) as object, sums: 0 }).toEqual({ ...rounded(y) as object, sums: 0 });
      const close = (x: Sketch): Sketch => ({ ...x, columns: { ...x.columns, x: { ...x.columns["x"] as ReturnType<typeof sketchNumbers>, sum: 0, squares: 0 } } });
      sameCells(close(mergeSketches([a, b])), close(mergeSketches([b, a])));
      sameCells(close(mergeSketches([mergeSketches([a, b]), c])), close(mergeSketches([a, mergeSketches([b, c])])));
      sameCells(close(mergeSketches([a, b, c])), close(mergeSketches([mergeSketches([a, b]), c])));
    }), { seed: 2, numRuns: 150 });
  });

  test("gives the sketch of all rows, from the sketches of their parts", () => {
    fc.assert(fc.property(numbers, numbers, fc.boolean(), (a, b, discrete) => {
      const axis = { center: -7, scale: 0.5 };
      const merged = mergeSketches([oneColumn(sketchNumbers(a, axis, discrete), a.length), oneColumn(sketchNumbers(b, axis, discrete), b.length)]);
      const whole = sketchNumbers([...a, ...b], axis, discrete);
      if (a.length + b.length === 0) return;
      const { sum, squares, ...cells } = merged.columns["x"] as typeof whole;
      const { sum: wholeSum, squares: wholeSquares, ...wholeCells } = whole;
      expect(cells).toEqual(wholeCells);
      for (const [merged, exact] of [[sum, wholeSum], [squares, wholeSquares]] as const) expect(Math.abs(merged - exact)).toBeLessThanOrEqual(1e-9 * whole.squares + 1e-6);
    }), { seed: 3, numRuns: 200 });
  });

  test("keeps the 4,096 most frequent categories and bounds what it dropped", () => {
    const many = Array.from({ length: 5_000 }, (_, i): [string, number] => [`v${String(i).padStart(4, "0")}`, i < 100 ? 1_000 : 1 + (i % 3)]);
    const sketch = sketchCategories(many);
    const merged = mergeSketches([oneColumn(sketch, 1), oneColumn(sketch, 1)]).columns["x"] as CategorySketch;
    expect(merged.values).toHaveLength(4_096);
    expect(merged.values.find(([value]) => value === "v0007")).toEqual(["v0007", 2_000]);
    expect(merged.values.reduce((sum, [, n]) => sum + n, merged.dropped)).toBe(merged.count);
    expect(merged.bound).toBe(2 * sketch.bound);
  });

  test("refuses sketches of different frames, naming the column", () => {
    const of = (center: number) => oneColumn(sketchNumbers([1, 2], { center, scale: 1 }), 2);
    expect(() => mergeSketches([of(0), of(1)])).toThrow(/column x have different frames/);
  });
});

describe("quantiles", () => {
  test.each([0, 0.01, 0.25, 0.5, 0.9, 1])("of counted buckets lie within one bucket of the exact ones, at %d", (q) => {
    const axis = { center: 10, scale: 2 };
    const values = normal(20_000).map((z) => 10 + 3 * z).sort((a, b) => a - b);
    const found = quantile(sketchNumbers(values, axis, false), q) as number;
    const exact = values[Math.min(values.length - 1, Math.floor(q * values.length))] as number;
    const width = bucketStart(1, { center: 0, scale: axis.scale }) * Math.cosh(Math.asinh((exact - 10) / 2)) * 1.2;
    expect(Math.abs(found - exact)).toBeLessThanOrEqual(width);
  });

  test("of exactly counted values are exact, and null without values", () => {
    expect(quantile(sketchNumbers([1, 2, 3, 4, 100]), 0.5)).toBe(3);
    expect(quantile(sketchNumbers([null, Number.NaN]), 0.5)).toBeNull();
  });
});
