import type { CategorySketch, ColumnSketch, NumberSketch, TimeSketch } from "../schemas/sketch.ts";
import { cellsOf } from "./buckets.ts";

/** Numbers up to and including `to` (an exactly counted value) or below it (the end of a bucket), above the bin before. */
interface Edge {
  readonly to: number;
  readonly inclusive: boolean;
}

/**
 * Bins of one column, fixed by a reference for good, so that what comes later cannot move them. Nulls are a bin, NaN and
 * infinity another. Numbers: about 20 bins of equal reference mass, and one beyond each end of what the reference held.
 * Categories: one each of the 50 most frequent, one for all others. Times: hours of the day.
 */
export type ReferenceBins =
  | { readonly kind: "number"; readonly edges: readonly Edge[] }
  | { readonly kind: "category"; readonly values: readonly string[] }
  | { readonly kind: "time" };

const wantedBins = 20;
const wantedCategories = 50;

export function referenceBins(reference: ColumnSketch): ReferenceBins {
  if (reference.kind === "number") return { kind: "number", edges: numberEdges(reference) };
  if (reference.kind === "category") return { kind: "category", values: topCategories(reference) };
  return { kind: "time" };
}

function numberEdges(reference: NumberSketch): Edge[] {
  const cells = cellsOf(reference);
  const [first] = cells;
  if (first === undefined) return [];
  const edges: Edge[] = [{ to: first[0], inclusive: false }];
  let mass = 0;
  for (const [i, [from, to, n]] of cells.entries()) {
    mass += n;
    if (mass < reference.count / wantedBins && i < cells.length - 1) continue;
    edges.push({ to, inclusive: from === to });
    mass = 0;
  }
  return edges;
}

function topCategories(reference: CategorySketch): string[] {
  return [...reference.values].sort(([, a], [, b]) => b - a).slice(0, wantedCategories).map(([value]) => value);
}

/** Rows of a column in each bin, nulls first. The two have the same length for the same bins, whatever is counted. */
export function binCounts(bins: ReferenceBins, column: ColumnSketch): number[] {
  if (bins.kind === "number" && column.kind === "number") return [column.nulls, column.nan + column.infinite, ...numberCounts(bins.edges, column)];
  if (bins.kind === "category" && column.kind === "category") return [column.nulls, ...categoryCounts(bins.values, column)];
  if (bins.kind === "time" && column.kind === "time") return timeCounts(column);
  return [];
}

function numberCounts(edges: readonly Edge[], column: NumberSketch): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  let bin = 0;
  for (const [from, to, n] of cellsOf(column)) {
    const value = (from + to) / 2;
    while (bin < edges.length && !isBelow(value, edges[bin] as Edge)) bin++;
    counts[bin] = (counts[bin] ?? 0) + n;
  }
  return counts;
}

const isBelow = (value: number, edge: Edge): boolean => value < edge.to || (edge.inclusive && value === edge.to);

function categoryCounts(values: readonly string[], column: CategorySketch): number[] {
  const counts = new Map(column.values);
  const named = values.map((value) => counts.get(value) ?? 0);
  return [...named, column.count - named.reduce((sum, n) => sum + n, 0)];
}

function timeCounts(column: TimeSketch): number[] {
  return [column.nulls, ...column.hours];
}
