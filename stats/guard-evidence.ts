import type { Guard, GuardEvidence, GuardFound } from "../schemas/rollout-evidence.ts";
import { logERateAbove, logETwoSamples } from "./e-values.ts";
import { latencyBucketEnd, latencyBucketStart } from "./latency-bucket.ts";
import { outputCells, outputShift } from "./output-shift.ts";
import type { VariantTotals } from "./variant-totals.ts";
import { type LabelledStep, wrongRate } from "./wrong-rate.ts";

export interface Compared {
  readonly candidate: VariantTotals;
  readonly champion: VariantTotals;
  /** Percent of requests that the candidate was to get. */
  readonly share: number;
  /** The champion's p99 where it was last known, in milliseconds. */
  readonly championP99: number | null;
  /** What came true, of each step and share of the rollout so far. */
  readonly labels: readonly LabelledStep[];
}

/** JSON knows no infinity. */
const certain = 1e6;

/** What the counts say of one guard. */
export function guardEvidence(guard: Guard, compared: Compared): GuardEvidence {
  const found = measure(guard, compared);
  return { ...guard, ...found, logE: Math.min(found.logE, certain) };
}

function measure({ metric, limit, allowance }: Guard, compared: Compared): GuardFound {
  const { candidate } = compared;
  switch (metric) {
    case "error_rate": return rateOf(candidate.errors, candidate.requests, limit ?? 0);
    case "p50_ms": return latencyOf(candidate, limit, 0.5);
    case "p99_ms": return latencyOf(candidate, limit ?? slowest(compared.championP99), 0.99);
    case "disagreement": return disagreementOf(candidate, limit);
    case "wrong_rate": return wrongRate(limit, compared.labels);
    case "output_shift": return shiftOf(compared, limit ?? 0, allowance ?? 0);
  }
}

function rateOf(hits: number, n: number, limit: number): GuardFound {
  return { limit, observed: n === 0 ? null : hits / n, holds: n === 0 ? null : hits / n <= limit, logE: logERateAbove(hits, n, limit), samples: n };
}

/** Where nobody gave a limit: twice the champion's p99, and 10 ms more than it at least, since a busy machine adds that to anything. */
const slowest = (p99: number | null): number | null => (p99 === null ? null : Math.max(2 * p99, p99 + 10));

/**
 * A quantile q above a limit is a share of more than 1 - q of slower requests. Only what is slower for certain counts: the bucket that the limit lies in does not,
 * so the limit is meant to within the 8 % of a bucket.
 */
function latencyOf({ latency }: VariantTotals, limit: number | null, q: number): GuardFound {
  const all = [...latency];
  const n = all.reduce((sum, [, count]) => sum + count, 0);
  const observed = quantileOf(latency, q);
  if (limit === null) return { limit, observed, holds: null, logE: 0, samples: n };
  const slower = all.reduce((sum, [bucket, count]) => sum + (latencyBucketStart(bucket) >= limit ? count : 0), 0);
  const rate = rateOf(slower, n, 1 - q);
  return { ...rate, limit, observed };
}

/** Milliseconds that a share q of the requests does not exceed, by their buckets; null for none. */
export function quantileOf(latency: VariantTotals["latency"], q: number): number | null {
  const n = [...latency.values()].reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of latency) {
    seen += count;
    if (seen >= q * n) return Math.min(latencyBucketEnd(bucket), Number.MAX_SAFE_INTEGER);
  }
  return null;
}

/** Rows of one request come from one caller and look alike, so all of them together count as one. */
const weightOf = ({ requests, rows }: VariantTotals): number => (rows > requests ? requests / rows : 1);

/** Without a limit it is told, and judges nothing. */
function disagreementOf(candidate: VariantTotals, limit: number | null): GuardFound {
  if (limit === null) return { limit, observed: candidate.pairs === 0 ? null : candidate.disagreements / candidate.pairs, holds: null, logE: 0, samples: candidate.pairs };
  const weight = weightOf(candidate);
  const { observed, holds } = rateOf(candidate.disagreements, candidate.pairs, limit);
  return { ...rateOf(candidate.disagreements * weight, candidate.pairs * weight, limit), observed, holds };
}

function shiftOf({ candidate, champion, share }: Compared, limit: number, allowance: number): GuardFound {
  const samples = Math.min(sumOf(candidate), sumOf(champion));
  if (samples === 0) return { limit, observed: null, holds: null, logE: 0, samples };
  const [mine, theirs] = [weightOf(candidate), weightOf(champion)];
  const cells = outputCells({ counts: candidate.outputs, weight: mine }, { counts: champion.outputs, weight: theirs });
  const observed = outputShift(cells);
  return { limit, observed, holds: observed <= limit + allowance, logE: logETwoSamples(cells, Math.min(share, 50) / 100), samples: sumOf(candidate) * mine };
}

const sumOf = ({ outputs }: VariantTotals): number => [...outputs.values()].reduce((sum, n) => sum + n, 0);
