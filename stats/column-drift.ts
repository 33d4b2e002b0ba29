import type { ColumnSketch, Sketch } from "../schemas/sketch.ts";
import type { ColumnDrift } from "../schemas/validation.ts";
import { jensenShannon } from "./jensen-shannon.ts";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";
import { psi } from "./psi.ts";
import { binCounts, referenceBins } from "./reference-bins.ts";

/** With fewer rows on either side the distances are noise, and null. */
export const fewestDriftRows = 100;

/** Drift of every column of `current` that `reference` knows, in bins fixed by the reference. */
export function drift(reference: Sketch, current: Sketch): ColumnDrift[] {
  return Object.entries(current.columns).map(([column, now]) => columnDrift(column, reference.columns[column], now));
}

export function columnDrift(column: string, reference: ColumnSketch | undefined, current: ColumnSketch): ColumnDrift {
  const known = reference !== undefined && reference.kind === current.kind;
  const shares = { nullShare: nullShare(current), referenceNullShare: known ? nullShare(reference) : null };
  if (!known || Math.min(rowsOf(reference), rowsOf(current)) < fewestDriftRows) return { column, psi: null, jensenShannon: null, kolmogorovSmirnov: null, ...shares };
  const bins = referenceBins(reference);
  const [before, now] = [binCounts(bins, reference), binCounts(bins, current)];
  return { column, psi: psi(before, now), jensenShannon: jensenShannon(before, now), kolmogorovSmirnov: bins.kind === "number" ? kolmogorovSmirnov(before, now) : null, ...shares };
}

/** Bins of the reference in which either side has rows. */
export function filledBins(reference: ColumnSketch, current: ColumnSketch): number {
  const bins = referenceBins(reference);
  const now = binCounts(bins, current);
  return binCounts(bins, reference).filter((n, i) => n > 0 || (now[i] ?? 0) > 0).length;
}

/** Rows of a column, nulls and numbers that are none included. */
export function rowsOf(column: ColumnSketch): number {
  return column.nulls + column.count + (column.kind === "number" ? column.nan + column.infinite : 0);
}

/** NaN stands for null in a model's input, so it counts as null here. 0 for no rows. */
export function nullShare(column: ColumnSketch): number {
  const rows = rowsOf(column);
  return rows === 0 ? 0 : (column.nulls + (column.kind === "number" ? column.nan : 0)) / rows;
}
