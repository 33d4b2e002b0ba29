import type { ColumnSketch, NumberSketch } from "../schemas/sketch.ts";

/** A grid that held at most the first share of the reference's values, and holds the second share now, took their digits away. */
const [usualShare, lostShare] = [0.8, 0.95];
const fewestValues = 200;
const fewestDistinct = 5;

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

const grids = [["tens", 0.1], ["whole numbers", 1], ["1 decimal", 10], ["2 decimals", 100]] as const;

/** Share of values on each grid, coarsest first. Where values are counted exactly the most frequent one is left out: clear days are not rounding. */
function gridShares({ values, count, tens, whole }: NumberSketch): Map<string, number> {
  if (values === null) return new Map([["tens", tens / count], ["whole numbers", whole / count]]);
  const most = values.reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
  const others = values.filter(([value]) => value !== most[0]);
  const rows = count - most[1];
  if (rows < fewestValues || others.length < fewestDistinct) return new Map();
  return new Map(grids.map(([name, steps]) => [name, onGrid(others, steps) / rows]));
}

function onGrid(values: readonly (readonly [number, number])[], steps: number): number {
  return values.reduce((sum, [value, n]) => (Math.abs(value * steps - Math.round(value * steps)) < 1e-6 * Math.max(1, Math.abs(value)) ? sum + n : sum), 0);
}
