/** Five or more runs of one thing. The minimum is what it costs undisturbed, the maximum what a shared machine did to it. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One figure beside its limit (what the work costs at least, with nothing of Relearn in it) or its peer, measured in the same run. */
export interface Figure extends Spread {
  /** Name of the benchmark, the file's name. */
  readonly name: string;
  readonly figure: string;
  readonly unit: string;
  readonly limit: ({ readonly name: string } & Spread) | null;
  /** Median of the figure over the median of the limit; where both were taken in pairs, the median of the pairs' ratios. */
  readonly ratio: number | null;
  readonly target: string;
  readonly met: boolean;
  readonly runs: number;
  /** What it was measured on, and what it was made of; for readers. */
  readonly notes: readonly string[];
}

export interface Measured {
  readonly figure: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** As many samples as the figure's where they were taken in pairs. */
  readonly limit?: { readonly name: string; readonly samples: readonly number[] };
  readonly target: string;
  readonly met: (figure: Omit<Figure, "met">) => boolean;
  readonly notes?: readonly string[];
}

/** Takes the middle and the ends of what was measured, and holds it against its target. */
export function figureOf(name: string, { figure, unit, samples, limit, target, met, notes = [] }: Measured): Figure {
  if (samples.length < 5) throw new Error(`${name}: ${figure} was measured ${samples.length} times; a figure needs five runs or more`);
  const measured = {
    name, figure, unit, ...spreadOf(samples),
    limit: limit === undefined ? null : { name: limit.name, ...spreadOf(limit.samples) },
    ratio: limit === undefined ? null : ratioOf(samples, limit.samples),
    target, runs: samples.length, notes,
  };
  return { ...measured, met: met(measured) };
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  return { min: sorted[0] ?? NaN, median: quantile(sorted, 0.5), max: sorted.at(-1) ?? NaN };
}

/** The middle (of two, their mean) for 0.5, else the nearest rank. @param sorted ascending */
export function quantile(sorted: readonly number[], q: number): number {
  const at = (i: number): number => sorted[Math.max(0, Math.min(sorted.length - 1, i))] ?? NaN;
  if (q === 0.5 && sorted.length % 2 === 0) return (at(sorted.length / 2 - 1) + at(sorted.length / 2)) / 2;
  return at(Math.ceil(q * sorted.length) - 1);
}

/** Pairs see the same disturbance, so their ratios vary less than either side. */
function ratioOf(samples: readonly number[], limit: readonly number[]): number {
  if (samples.length !== limit.length) return spreadOf(samples).median / spreadOf(limit).median;
  return spreadOf(samples.map((sample, i) => sample / (limit[i] as number))).median;
}
