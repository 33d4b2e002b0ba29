import type { Registry } from "prom-client";

export type Labels = Readonly<Record<string, string>>;

/** Counts of what fell into each bucket, added to without a look-up: prom-client's own hash the labels at every observation. */
export interface Histogram {
  readonly labels: Labels;
  readonly counts: Float64Array;
  sum: number;
}

/** Upper bounds in seconds, of predictions that take from a tenth of a millisecond to ten seconds. */
export const secondsBuckets: readonly number[] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const makeHistogram = (labels: Labels): Histogram => ({ labels, counts: new Float64Array(secondsBuckets.length + 1), sum: 0 });

export function observe(histogram: Histogram, seconds: number): void {
  let at = 0;
  while (at < secondsBuckets.length && seconds > secondsBuckets[at]!) at++;
  histogram.counts[at]!++;
  histogram.sum += seconds;
}

export interface Sample { readonly labels: Labels; readonly value: number; readonly metricName?: string }

/** A histogram as Prometheus reads it: cumulative, with its sum and count. */
export function samplesOf(name: string, { labels, counts, sum }: Histogram): Sample[] {
  let count = 0;
  const buckets = [...secondsBuckets, "+Inf"].map((le, i) => ({ labels: { ...labels, le: String(le) }, value: (count += counts[i]!), metricName: `${name}_bucket` }));
  return [...buckets, { labels, value: sum, metricName: `${name}_sum` }, { labels, value: count, metricName: `${name}_count` }];
}

/** Lets a registry show figures that are kept elsewhere. */
export function show(registry: Registry, metric: { readonly name: string; readonly help: string; readonly type: "counter" | "gauge" | "histogram"; readonly samples: () => readonly Sample[] }): void {
  const { name, help, type, samples } = metric;
  registry.registerMetric({ name, get: () => Promise.resolve({ name, help, type, values: samples(), aggregator: "sum" }) } as never);
}
