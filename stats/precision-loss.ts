import type { ColumnSketch, NumberSketch } from "../schemas/sketch.ts";

/** A grid that held at most the first share of the reference's values, and holds the second share now, took their digits away. */
const [usualShare, lostShare] = [0.9, 0.999];
const fewestValues = 200;

/**
 * The coarsest grid that values have fallen onto: `tens`, `whole numbers`, `1 decimal`, `2 decimals`, `whole hours`. Null
 * where they are as fine as the reference's were. Decimals are told only of columns whose values are counted exactly.
 */
export function precisionLoss(reference: ColumnSketch, current: ColumnSketch): string | null {
  if (Math.min(reference.count, current.count) < fewestValues) return null;
  if (reference.kind === "time" && current.kind === "time") return isLost(reference.onTheHour / reference.count, current.onTheHour / current.count) ? "whole hours" : null;
  if (reference.kind !== "number" || current.kind !== "number") return null;
  const now = gridShares(current);
  const before = gridShares(reference);
  return [...now].find(([grid, share]) => before.has(grid) && isLost(before.get(grid) as number, share))?.[0] ?? null;
}

const isLost = (before: number, now: number): boolean => before <= usualShare && now >= lostShare;

/** Share of values other than zero on each grid, coarsest first. */
function gridShares(sketch: NumberSketch): Map<string, number> {
  const zeros = sketch.values?.find(([value]) => value === 0)?.[1] ?? 0;
  const count = sketch.count - zeros;
  if (count < fewestValues) return new Map();
  const shares = new Map([["tens", (sketch.tens - zeros) / count], ["whole numbers", (sketch.whole - zeros) / count]]);
  if (sketch.values === null) return shares;
  for (const decimals of [1, 2]) shares.set(decimals === 1 ? "1 decimal" : "2 decimals", onGrid(sketch.values, 10 ** decimals) / count);
  return shares;
}

function onGrid(values: readonly (readonly [number, number])[], steps: number): number {
  return values.reduce((sum, [value, n]) => (value !== 0 && Math.abs(value * steps - Math.round(value * steps)) < 1e-6 * Math.max(1, Math.abs(value)) ? sum + n : sum), 0);
}
