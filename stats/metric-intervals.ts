import type { Estimate } from "../schemas/evaluation.ts";
import { bootstrapValues, percentileInterval } from "./bootstrap.ts";
import type { Measure } from "./measure.ts";
import { metricsOf } from "./model-metrics.ts";
import { normalQuantile } from "./normal.ts";
import { type ScoredRows, unusableBecause } from "./scored-rows.ts";

type Estimates = Record<string, Estimate>;

export interface Comparison {
  readonly candidate: Estimates;
  readonly champion: Estimates | null;
  /** Candidate minus champion, paired row by row. */
  readonly difference: Estimates | null;
}

export interface IntervalOptions {
  /** Confidence of a metric's intervals; 0.95 where it names none. */
  readonly confidence?: Readonly<Record<string, number>>;
  readonly seed?: number;
  readonly resamples?: number;
  /**
   * From this many rows on intervals are normal, from influences (for AUC that is DeLong's), instead of a bootstrap; by default
   * 5,000, and 20,000 for a rough metric. On 6,300 rows the two differ by under 2 % in width for every other metric, by 25 % for ECE.
   */
  readonly manyRows?: number;
}

/** A figure that cannot be given, and why. */
export const missing = (why: string): Estimate => ({ value: null, low: null, high: null, why });

/** Every metric of both models on the same rows, each with its interval, and the paired differences. */
export function compareModels(candidate: ScoredRows, champion: ScoredRows | null, options: IntervalOptions = {}): Comparison {
  const mine = sideOf(candidate);
  const theirs = champion === null ? null : sideOf(champion);
  const n = candidate.label.length;
  const metrics = metricsOf(candidate.task);
  const names = metrics.map(({ name }) => name);
  const few = new Set(metrics.filter(({ rough }) => n < (options.manyRows ?? (rough === true ? 20_000 : 5_000))).map(({ name }) => name));
  const drawn = resampled([mine, theirs], few, n, options);
  const spread = (name: string) => (few.has(name) ? drawn : linearised);
  const each = (estimate: (name: string) => Estimate) => Object.fromEntries(names.map((name) => [name, estimate(name)]));
  const level = (name: string) => options.confidence?.[name] ?? 0.95;
  return {
    candidate: each((name) => estimateOf(mine, name, spread(name), level(name))),
    champion: theirs && each((name) => estimateOf(theirs, name, spread(name), level(name))),
    difference: theirs && each((name) => differenceOf(mine, theirs, name, spread(name), level(name))),
  };
}

interface Side { readonly rows: ScoredRows; readonly why: string | null; readonly measures: ReadonlyMap<string, Measure> }
type Spread = (above: Measure, below: Measure | null, confidence: number) => readonly [number, number] | null;

function sideOf(rows: ScoredRows): Side {
  const why = unusableBecause(rows);
  return { rows, why, measures: new Map(why === null ? metricsOf(rows.task).map((metric) => [metric.name, metric.of(rows)]) : []) };
}

function resampled(sides: readonly (Side | null)[], names: ReadonlySet<string>, n: number, { resamples = 1_000, seed = 1 }: IntervalOptions): Spread {
  const measures = sides.flatMap((side) => [...(side?.measures ?? [])].flatMap(([name, measure]) => (names.has(name) ? [measure] : [])));
  const values = new Map((measures.length === 0 ? [] : bootstrapValues(measures, n, resamples, seed)).map((drawn, i) => [measures[i]!, drawn]));
  return (above, below, confidence) => {
    const other = below === null ? null : values.get(below)!;
    return percentileInterval(other === null ? values.get(above)! : values.get(above)!.map((x, r) => x - other[r]!), confidence);
  };
}

/** Normal interval from the rows' influences: se^2 = sum((h - g)^2) / n^2. */
const linearised: Spread = (above, below, confidence) => {
  const centre = above.value(null) - (below?.value(null) ?? 0);
  const other = below?.influence();
  const influence = above.influence();
  let sum = 0;
  for (let i = 0; i < influence.length; i++) sum += (influence[i]! - (other?.[i] ?? 0)) ** 2;
  const half = (normalQuantile((1 + confidence) / 2) * Math.sqrt(sum)) / influence.length;
  return Number.isFinite(half) ? [centre - half, centre + half] : null;
};

function estimateOf(side: Side, name: string, spread: Spread, confidence: number): Estimate {
  const measure = side.measures.get(name);
  if (measure === undefined) return missing(side.why ?? "it cannot be computed");
  const value = measure.value(null);
  if (!Number.isFinite(value)) return missing(undefinedBecause(side.rows, name));
  return withInterval(value, spread(measure, null, confidence));
}

function differenceOf(mine: Side, theirs: Side, name: string, spread: Spread, confidence: number): Estimate {
  const [above, below] = [mine.measures.get(name), theirs.measures.get(name)];
  if (above === undefined || below === undefined) return missing(mine.why === null ? `the champion: ${theirs.why}` : `the candidate: ${mine.why}`);
  const value = above.value(null) - below.value(null);
  if (!Number.isFinite(value)) return missing(undefinedBecause(mine.rows, name));
  return withInterval(value, spread(above, below, confidence));
}

function withInterval(value: number, interval: readonly [number, number] | null): Estimate {
  return interval === null ? { value, low: null, high: null, why: null } : { value, low: interval[0], high: interval[1], why: null };
}

function undefinedBecause(rows: ScoredRows, name: string): string {
  const first = rows.label[0];
  if (rows.label.every((y: number) => y === first)) return `every row has the same label, so ${name} is not defined`;
  if (name === "macro_auc") return "a class has no rows, so macro_auc is not defined";
  return `${name} is not defined on these rows`;
}

/** The difference in mean of two losses of the same rows, with its normal interval. */
export function pairedMeanDifference(mine: Float64Array, other: Float64Array, confidence = 0.95): Estimate {
  const n = mine.length;
  const differences = mine.map((x, i) => x - other[i]!);
  const mean = differences.reduce((sum, x) => sum + x, 0) / n;
  if (!Number.isFinite(mean)) return missing(n === 0 ? "there are no rows" : "the model gave NaN or an infinity");
  const deviation = Math.sqrt(differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1));
  const half = (normalQuantile((1 + confidence) / 2) * deviation) / Math.sqrt(n);
  return withInterval(mean, Number.isFinite(half) ? [mean - half, mean + half] : null);
}
