import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { adwinMean, observeAdwin, startAdwin } from "../../stats/adwin.ts";
import { adjustedP } from "../../stats/benjamini-hochberg.ts";
import { expectedMetrics } from "../../stats/cbpe.ts";
import { chiSquareTail } from "../../stats/chi-square.ts";
import { columnDrift } from "../../stats/column-drift.ts";
import { observePageHinkley, startPageHinkley } from "../../stats/page-hinkley.ts";
import { normal, sketchNumbers } from "./number-sketches.ts";

interface Golden {
  readonly tails: readonly { readonly x: number; readonly degrees: number; readonly p: number }[];
  readonly several: readonly { readonly p: readonly number[]; readonly adjusted: readonly number[] }[];
  readonly rises: readonly { readonly stream: readonly number[]; readonly found: readonly number[] }[];
  readonly cuts: readonly { readonly stream: readonly number[]; readonly found: readonly number[]; readonly mean: number; readonly width: number }[];
  readonly expected: readonly ({ readonly score: readonly number[] } & Readonly<Record<"accuracy" | "precision" | "recall" | "log_loss" | "auc", number>>)[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/drift.json", import.meta.url), "utf8")) as Golden;
const close = (found: number | undefined, expected: number, tolerance = 1e-9) => expect(Math.abs((found ?? NaN) - expected), `${found} is not ${expected}`).toBeLessThan(tolerance * Math.max(1, Math.abs(expected)));

describe("agree with SciPy:", () => {
  test("tails of chi-square, far out too", () => golden.tails.forEach(({ x, degrees, p }) => close(chiSquareTail(x, degrees) / p, 1, 1e-8)));
  test("p values of many looks", () => golden.several.forEach(({ p, adjusted }) => adjustedP(p).forEach((one, i) => close(one, adjusted[i]!))));
});

describe("agree with river:", () => {
  test("where Page-Hinkley finds a rise", () => golden.rises.forEach(({ stream, found }) => {
    const seen: number[] = [];
    let state = startPageHinkley;
    stream.forEach((value, i) => {
      const observed = observePageHinkley(state, value);
      if (observed.risenSince !== null) seen.push(i);
      state = observed.state;
    });
    expect(seen).toEqual(found);
  }));

  test("where ADWIN cuts, and what it keeps", () => golden.cuts.forEach(({ stream, found, mean, width }) => {
    const seen: number[] = [];
    let state = startAdwin;
    stream.forEach((value, i) => {
      const observed = observeAdwin(state, value);
      if (observed.cut > 0) seen.push(i);
      state = observed.state;
    });
    expect(seen).toEqual(found);
    expect(state.buckets.reduce((n, bucket) => n + bucket.n, 0)).toBe(width);
    close(adwinMean(state), mean);
  }));
});

test("one outlier of 1e9 in 10,000 rows moves PSI by under 5 %", () => {
  const axis = { center: 100, scale: 5 };
  const drawn = (n: number, seed: number, mean: number): number[] => normal(n, seed).map((x) => mean + 4 * x);
  const [reference, moved] = [drawn(10_000, 1, 100), drawn(10_000, 2, 101)];
  const psiOf = (rows: readonly number[]): number => columnDrift("x", sketchNumbers(reference, axis, false), sketchNumbers(rows, axis, false)).psi!;
  const [without, withOne] = [psiOf(moved), psiOf([...moved.slice(1), 1e9])];
  expect(Math.abs(withOne - without) / without).toBeLessThan(0.05);
});

describe("metrics before labels come", () => {
  test("are the expectation over what the labels may be", () => golden.expected.forEach(({ score, ...expected }) => {
    const found = expectedMetrics(score);
    for (const [metric, value] of Object.entries(expected)) close(found[metric]?.value, value);
    for (const { low, value, high } of Object.values(found)) expect(low <= value && value <= high).toBe(true);
  }));
  test("are none of no rows, and none that need what is not there", () => {
    expect(expectedMetrics([])).toEqual({});
    expect(Object.keys(expectedMetrics([0, 0]))).toEqual(["accuracy", "log_loss"]);
  });
});
