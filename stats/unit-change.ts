import type { NumberSketch } from "../schemas/sketch.ts";
import { quantile } from "./quantile.ts";

export interface UnitChange {
  /** `multiplied by 1.61`, or the name of a known conversion. */
  readonly how: string;
}

const levels = [0.1, 0.25, 0.5, 0.75, 0.9];
const fewestValues = 200;

/** A factor nearer to 1 may be the season; quantiles that move by factors this alike moved together. */
const [smallestFactor, largestSpread] = [1.4, 1.12];

const conversions: readonly (readonly [string, (x: number) => number])[] = [
  ["converted from Fahrenheit to Celsius", (x) => ((x - 32) * 5) / 9],
  ["converted from Celsius to Fahrenheit", (x) => (x * 9) / 5 + 32],
  ["converted from Celsius to Kelvin", (x) => x + 273.15],
  ["converted from Kelvin to Celsius", (x) => x - 273.15],
];

/**
 * The column's scale moved while its shape stayed: the 10, 25, 50, 75 and 90 % quantiles of its values other than zero are all
 * the same factor (within 12 %) of the reference's, 1.4 or more either way; or a temperature conversion explains three
 * quarters of their distance. Null where they tell nothing.
 */
export function unitChange(reference: NumberSketch, current: NumberSketch): UnitChange | null {
  const [before, now] = [withoutZero(reference), withoutZero(current)];
  if (Math.min(before.count, now.count) < fewestValues) return null;
  const pairs = levels.map((q): [number, number] => [quantile(before, q) ?? 0, quantile(now, q) ?? 0]);
  const factor = commonFactor(pairs);
  if (factor !== null) return { how: `multiplied by ${Number(factor.toPrecision(3))}` };
  const conversion = conversions.find(([, convert]) => explains(pairs, convert, before));
  return conversion === undefined ? null : { how: conversion[0] };
}

function commonFactor(pairs: readonly (readonly [number, number])[]): number | null {
  const factors = pairs.map(([before, now]) => now / before).sort((a, b) => a - b);
  const [least, median, most] = [factors[0] as number, factors[2] as number, factors[4] as number];
  if (!(least > 0) || most / least > largestSpread || pairs[0]?.[0] === pairs[4]?.[0]) return null;
  return Math.max(median, 1 / median) >= smallestFactor ? median : null;
}

/** The move must also be larger than the reference's own spread: a warm month is no conversion. */
function explains(pairs: readonly (readonly [number, number])[], convert: (x: number) => number, before: NumberSketch): boolean {
  const distance = (map: (x: number) => number) => pairs.reduce((sum, [was, now]) => sum + Math.abs(now - map(was)), 0) / pairs.length;
  const spread = (quantile(before, 0.75) ?? 0) - (quantile(before, 0.25) ?? 0);
  const moved = distance((x) => x);
  return moved > spread && distance(convert) < moved / 4;
}

function withoutZero(sketch: NumberSketch): NumberSketch {
  if (sketch.values === null) return sketch;
  const values = sketch.values.filter(([value]) => value !== 0);
  return { ...sketch, values, count: values.reduce((sum, [, n]) => sum + n, 0) };
}
