import type { VariantCounts } from "../schemas/replica.ts";

/** One version's counts over all servers. */
export interface VariantTotals {
  readonly requests: number;
  readonly errors: number;
  readonly rows: number;
  readonly latency: ReadonlyMap<number, number>;
  readonly outputs: ReadonlyMap<number, number>;
  readonly pairs: number;
  readonly disagreements: number;
  /** Milliseconds since 1970; null before the first prediction. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

/** Adds up what several servers counted of the same version. */
export function addVariants(counts: readonly VariantCounts[]): VariantTotals {
  const sum = (of: (one: VariantCounts) => number): number => counts.reduce((total, one) => total + of(one), 0);
  const times = (of: "firstAt" | "lastAt"): number[] => counts.flatMap((one) => one[of] ?? []).map((at) => Date.parse(at));
  const [first, last] = [times("firstAt"), times("lastAt")];
  return {
    requests: sum((one) => one.requests), errors: sum((one) => one.errors), rows: sum((one) => one.rows),
    latency: merge(counts.map((one) => one.latency)), outputs: merge(counts.map((one) => one.outputs)),
    pairs: sum((one) => one.pairs), disagreements: sum((one) => one.disagreements),
    firstAt: first.length === 0 ? null : Math.min(...first), lastAt: last.length === 0 ? null : Math.max(...last),
  };
}

function merge(all: readonly Readonly<Record<string, number>>[]): Map<number, number> {
  const merged = new Map<number, number>();
  for (const counts of all) for (const [bucket, n] of Object.entries(counts)) merged.set(Number(bucket), (merged.get(Number(bucket)) ?? 0) + n);
  return new Map([...merged].sort(([a], [b]) => a - b));
}
