import { RelearnError } from "../schemas/failures.ts";
import { type CategorySketch, type ColumnSketch, maxCategories, maxExactNumbers, type NumberSketch, type Sketch, type TimeSketch } from "../schemas/sketch.ts";
import { bucketCounts } from "./buckets.ts";

/**
 * One sketch of all rows of several, in any order and grouping: counts add exactly, sums within rounding.
 * A column that only some of them have is left out; a sketch of no rows counts for nothing.
 * @throws RelearnError `InvalidInput` when a column was sketched in different ways: the frames differ.
 */
export function mergeSketches(sketches: readonly Sketch[]): Sketch {
  const filled = sketches.filter(({ rows }) => rows > 0);
  const [first] = filled;
  if (first === undefined) return { version: 1, rows: 0, columns: {} };
  const shared = Object.keys(first.columns).filter((name) => filled.every((sketch) => name in sketch.columns));
  const columns = Object.fromEntries(shared.map((name) => [name, mergeColumns(name, filled.map((sketch) => sketch.columns[name] as ColumnSketch))]));
  return { version: 1, rows: total(filled, ({ rows }) => rows), columns };
}

function mergeColumns(name: string, parts: readonly ColumnSketch[]): ColumnSketch {
  const numbers = parts.filter((part) => part.kind === "number");
  const categories = parts.filter((part) => part.kind === "category");
  const times = parts.filter((part) => part.kind === "time");
  if (numbers.length === parts.length) return mergeNumbers(name, numbers);
  if (categories.length === parts.length) return mergeCategories(categories);
  if (times.length === parts.length) return mergeTimes(times);
  throw new RelearnError("InvalidInput", `sketches of column ${name} are of different kinds (${[...new Set(parts.map((p) => p.kind))].join(", ")}): sketch its partitions again under one frame`);
}

const total = <T>(parts: readonly T[], of: (part: T) => number): number => parts.reduce((sum, part) => sum + of(part), 0);

function extreme(values: readonly (number | null)[], pick: (a: number, b: number) => number): number | null {
  return values.reduce((best, value) => (best === null ? value : value === null ? best : pick(best, value)), null);
}

function mergeNumbers(name: string, parts: readonly NumberSketch[]): NumberSketch {
  const { center, scale } = parts[0] as NumberSketch;
  if (parts.some((part) => part.center !== center || part.scale !== scale)) {
    throw new RelearnError("InvalidInput", `sketches of column ${name} have different frames: sketch its partitions again under one frame`);
  }
  return {
    kind: "number", center, scale,
    nulls: total(parts, (p) => p.nulls), nan: total(parts, (p) => p.nan), infinite: total(parts, (p) => p.infinite), count: total(parts, (p) => p.count),
    min: extreme(parts.map((p) => p.min), Math.min), max: extreme(parts.map((p) => p.max), Math.max),
    sum: total(parts, (p) => p.sum), squares: total(parts, (p) => p.squares), whole: total(parts, (p) => p.whole), tens: total(parts, (p) => p.tens),
    ...mergeCells(parts),
  };
}

function mergeCells(parts: readonly NumberSketch[]): Pick<NumberSketch, "values" | "buckets"> {
  const values = mergeExact(parts);
  if (values !== null) return { values, buckets: [] };
  return { values: null, buckets: ascending(addUp(parts.map(bucketCounts))) };
}

/** Null once one part, or all together, have too many distinct values. */
function mergeExact(parts: readonly NumberSketch[]): [number, number][] | null {
  const exact: (readonly (readonly [number, number])[])[] = [];
  for (const part of parts) {
    if (part.values === null) return null;
    exact.push(part.values);
  }
  const counts = addUp(exact);
  return counts.size > maxExactNumbers ? null : ascending(counts);
}

function addUp<K>(lists: readonly (readonly (readonly [K, number])[])[]): Map<K, number> {
  const counts = new Map<K, number>();
  for (const list of lists) for (const [key, n] of list) counts.set(key, (counts.get(key) ?? 0) + n);
  return counts;
}

const ascending = (counts: ReadonlyMap<number, number>): [number, number][] => [...counts].sort(([a], [b]) => a - b);

function mergeCategories(parts: readonly CategorySketch[]): CategorySketch {
  const counts = addUp(parts.map((part) => part.values));
  const dropped = total(parts, (p) => p.dropped);
  const bound = total(parts, (p) => p.bound);
  return { kind: "category", nulls: total(parts, (p) => p.nulls), count: total(parts, (p) => p.count), ...keepTop([...counts], dropped, bound) };
}

/** The most frequent categories, ties by value; what falls off raises `dropped`, and `bound` by the most frequent of them. */
export function keepTop(counts: readonly (readonly [string, number])[], dropped: number, bound: number): Pick<CategorySketch, "values" | "dropped" | "bound"> {
  const byValue = (list: readonly (readonly [string, number])[]) => [...list].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([v, n]): [string, number] => [v, n]);
  if (counts.length <= maxCategories) return { values: byValue(counts), dropped, bound };
  const ranked = byValue(counts).sort(([, a], [, b]) => b - a);
  const rest = ranked.slice(maxCategories);
  return { values: byValue(ranked.slice(0, maxCategories)), dropped: dropped + total(rest, ([, n]) => n), bound: bound + (rest[0]?.[1] ?? 0) };
}

function mergeTimes(parts: readonly TimeSketch[]): TimeSketch {
  return {
    kind: "time",
    nulls: total(parts, (p) => p.nulls), count: total(parts, (p) => p.count), onTheHour: total(parts, (p) => p.onTheHour),
    min: extreme(parts.map((p) => p.min), Math.min), max: extreme(parts.map((p) => p.max), Math.max),
    hours: Array.from({ length: 24 }, (_, hour) => total(parts, (p) => p.hours[hour] ?? 0)),
  };
}
