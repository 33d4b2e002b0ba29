import { expect, test } from "vitest";
import type { CategorySketch } from "../../schemas/sketch.ts";
import { columnDrift } from "../../stats/column-drift.ts";
import { normal, sketchNumbers } from "./number-sketches.ts";

const axis = { center: 0, scale: 1.35 };
const sketch = (rows: readonly (number | null)[]) => sketchNumbers(rows, axis, false);
const reference = sketch(normal(10_000, 1));

test("one value of 1e9 among 10,000 rows moves PSI by less than 5 %", () => {
  const shifted = normal(10_000, 2).map((z) => z + 1);
  const without = columnDrift("x", reference, sketch(shifted)).psi as number;
  const withOutlier = columnDrift("x", reference, sketch([...shifted.slice(1), 1e9])).psi as number;
  expect(without).toBeGreaterThan(0.8);
  expect(Math.abs(withOutlier - without) / without).toBeLessThan(0.05);
  const quiet = columnDrift("x", sketch([...normal(10_000, 1).slice(1), 1e9]), sketch(shifted)).psi as number;
  expect(Math.abs(quiet - without) / without).toBeLessThan(0.05);
});

test("90 % new nulls show, as nulls and in every distance", () => {
  const drift = columnDrift("x", reference, sketch(normal(10_000, 2).map((z, i) => (i % 10 === 0 ? z : null))));
  expect(drift).toMatchObject({ nullShare: 0.9, referenceNullShare: 0 });
  expect(drift.psi).toBeGreaterThan(1);
  expect(drift.jensenShannon).toBeGreaterThan(0.5);
  expect(drift.kolmogorovSmirnov).toBeGreaterThan(0.8);
});

test("the same distribution has no drift worth a name, at 1,000 rows and at 100,000", () => {
  for (const n of [1_000, 100_000]) expect(columnDrift("x", reference, sketch(normal(n, 5))).psi).toBeLessThan(0.06);
});

test("a small spread beside a large mean is still seen", () => {
  const pressure = (mean: number, seed: number) => sketchNumbers(normal(5_000, seed).map((z) => mean + 7 * z), { center: 1017, scale: 9.5 }, false);
  expect(columnDrift("pressure", pressure(1017, 1), pressure(1010, 2)).psi).toBeGreaterThan(0.5);
});

test("a new category is drift, and few rows are none", () => {
  const categories = (...values: [string, number][]): CategorySketch => ({ kind: "category", nulls: 0, count: values.reduce((sum, [, n]) => sum + n, 0), values, dropped: 0, bound: 0 });
  expect(columnDrift("c", categories(["a", 900], ["b", 100]), categories(["a", 500], ["z", 500])).psi).toBeGreaterThan(1);
  expect(columnDrift("c", categories(["a", 900], ["b", 100]), categories(["z", 50])).psi).toBeNull();
  expect(columnDrift("c", undefined, categories(["z", 500]))).toMatchObject({ psi: null, referenceNullShare: null });
});
