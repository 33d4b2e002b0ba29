import { describe, expect, test } from "vitest";
import type { TimeSketch } from "../../schemas/sketch.ts";
import { clockShift } from "../../stats/clock-shift.ts";
import { precisionLoss } from "../../stats/precision-loss.ts";
import { sentinel } from "../../stats/sentinel.ts";
import { unitChange } from "../../stats/unit-change.ts";
import { normal, sketchNumbers } from "./number-sketches.ts";

const axis = { center: 50, scale: 13 };
const bell = (seed: number) => normal(4_000, seed).map((z) => 50 + 10 * z);
const coarse = (seed: number) => bell(seed).map((x) => Math.round(x));

describe.each([["counted exactly", coarse, true], ["counted in buckets", bell, false]] as const)("a sentinel in a column %s", (_, values, discrete) => {
  const sketch = (rows: readonly number[]) => sketchNumbers(rows, axis, discrete);
  const spoiled = (every: number, value: number) => sketch(values(2).map((x, i) => (i % every === 0 ? value : x)));

  test.each([-1, 0, 999, -999, 9999])("of %d is found at 5 percent", (value) => {
    expect(sentinel(sketch(values(1)), spoiled(20, value), 4_000)).toMatchObject({ share: 0.05 });
  });
  test("is not suspected at 0.5 %, nor in clean rows, nor where the reference has it", () => {
    expect(sentinel(sketch(values(1)), spoiled(200, -1), 4_000)).toBeNull();
    expect(sentinel(sketch(values(1)), sketch(values(2)), 4_000)).toBeNull();
    expect(sentinel(spoiled(20, -1), spoiled(10, -1), 4_000)).toBeNull();
  });
});

test("the next month is no sentinel of a calendar column", () => {
  const months = (...list: number[]) => sketchNumbers(list.flatMap((month) => Array.from({ length: 300 }, () => month)));
  expect(sentinel(months(1, 2), months(3), 300)).toBeNull();
});

describe("a unit that changed", () => {
  const positive = (seed: number) => normal(4_000, seed).map((z) => Math.exp(z / 2) * 100);
  const sketch = (rows: readonly number[]) => sketchNumbers(rows, { center: 100, scale: 70 }, false);
  test.each([1.609, 0.3048, 1000])("is found by its factor %d", (factor) => {
    expect(unitChange(sketch(positive(1)), sketch(positive(2).map((x) => x * factor)))?.how).toMatch(/^multiplied by /);
  });
  test("is found from Fahrenheit to Celsius, in another month's weather", () => {
    expect(unitChange(sketchNumbers(bell(1), axis, false), sketchNumbers(bell(2).map((f) => ((f + 8 - 32) * 5) / 9), axis, false))).toEqual({ how: "converted from Fahrenheit to Celsius" });
  });
  test("is not suspected in a shift, a wider spread or a tenth more", () => {
    const reference = sketch(positive(1));
    expect(unitChange(reference, sketch(positive(2).map((x) => x + 60)))).toBeNull();
    expect(unitChange(reference, sketch(positive(2).map((x) => x * 1.1)))).toBeNull();
    expect(unitChange(reference, sketch(positive(2).map((x) => x ** 1.3)))).toBeNull();
  });
});

describe("a clock that shifted", () => {
  const profile = Array.from({ length: 24 }, (_, hour) => (hour < 5 ? 0 : 100 + 40 * Math.round(Math.sin(hour))));
  const time = (hours: readonly number[]): TimeSketch => ({ kind: "time", nulls: 0, count: hours.reduce((a, b) => a + b, 0), min: 0, max: 1, hours: [...hours], onTheHour: 0 });
  const turned = (by: number) => time(profile.map((_, hour) => profile[(hour - by + 48) % 24] as number));
  test.each([-5, 4, -8, 12, 1])("by %d hours is found", (by) => expect(clockShift(time(profile), turned(by))).toBe(by));
  test("is not suspected in busier evenings, or a flat day", () => {
    expect(clockShift(time(profile), time(profile.map((n, hour) => (hour > 16 ? n * 1.5 : n))))).toBeNull();
    expect(clockShift(time(new Array<number>(24).fill(100)), time(profile))).toBeNull();
  });
});

describe("precision that was lost", () => {
  const cents = (seed: number) => bell(seed).map((x) => Math.round(x * 10) / 10);
  const sketch = (rows: readonly number[], discrete = true) => sketchNumbers(rows.slice(0, 600), axis, discrete);
  test("is found as whole numbers, also where buckets are counted", () => {
    expect(precisionLoss(sketch(cents(1)), sketch(cents(2).map(Math.round)))).toBe("whole numbers");
    expect(precisionLoss(sketch(bell(1), false), sketch(bell(2).map(Math.round), false))).toBe("whole numbers");
    expect(precisionLoss(sketch(cents(1)), sketch(cents(2).map((x) => Math.round(x / 10) * 10)))).toBe("tens");
  });
  test("is not suspected of the same grid, or of one value that rules", () => {
    expect(precisionLoss(sketch(cents(1)), sketch(cents(2)))).toBeNull();
    const visibility = (share: number, seed: number) => sketchNumbers(bell(seed).map((x, i) => (i % 100 < share ? 10 : Math.round(x) / 5)));
    expect(precisionLoss(visibility(60, 1), visibility(97, 2))).toBeNull();
  });
});
