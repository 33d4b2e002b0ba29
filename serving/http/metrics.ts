import { Registry } from "prom-client";
import type { ModelContract } from "../../inference/contract.ts";
import type { Variant } from "../../schemas/replica.ts";
import type { ServedModels } from "../served-model.ts";
import { type Histogram, type Labels, makeHistogram, observe, type Sample, samplesOf, show } from "./metered.ts";

/** What one version answered as one variant. */
export interface Meter {
  readonly labels: Labels;
  requests: number;
  rows: number;
  readonly queue: Histogram;
  readonly compute: Histogram;
  readonly request: Histogram;
}

/** The server's figures. Others add their own to `registry`. */
export interface Metrics {
  readonly registry: Registry;
  /** Looked up by name at each request. */
  meter(contract: ModelContract, variant: Variant): Meter;
  /** Counts a request that ended with an error. @param outcome kind of the failure. */
  failed(model: string, outcome: string): void;
  inFlight: number;
}

/** Times of an answer in milliseconds. */
export interface Times { readonly queuedMs: number; readonly computeMs: number; readonly totalMs: number }

export function count(meter: Meter, rows: number, { queuedMs, computeMs, totalMs }: Times): void {
  meter.requests++;
  meter.rows += rows;
  observe(meter.queue, queuedMs / 1000);
  observe(meter.compute, computeMs / 1000);
  observe(meter.request, totalMs / 1000);
}

export function makeMetrics(models: ServedModels): Metrics {
  const registry = new Registry();
  const meters = new Map<string, Meter>();
  const failures = new Map<string, { readonly labels: Labels; count: number }>();
  const metrics: Metrics = {
    registry,
    inFlight: 0,
    meter(contract, variant) {
      const known = meters.get(nameOf(contract, variant));
      if (known !== undefined) return known;
      forgetOldest(meters, contract.model, models);
      return addMeter(meters, contract, variant);
    },
    failed(model, outcome) {
      const key = `${model} ${outcome}`;
      const known = failures.get(key) ?? { labels: { model, version: "", variant: "", outcome }, count: 0 };
      failures.set(key, known);
      known.count++;
    },
  };
  const all = (): Meter[] => [...meters.values()];
  show(registry, {
    name: "relearn_requests_total", help: "Predictions asked for, by what became of them", type: "counter",
    samples: () => [...all().map(({ labels, requests }) => ({ labels: { ...labels, outcome: "ok" }, value: requests })), ...[...failures.values()].map(({ labels, count: value }) => ({ labels, value }))],
  });
  show(registry, { name: "relearn_rows_total", help: "Rows that were answered", type: "counter", samples: () => all().map(({ labels, rows }) => ({ labels, value: rows })) });
  showTimes(registry, all);
  showState(registry, metrics, models);
  return metrics;
}

/** A version that is loaded again goes on counting where it was: two series of one name would spoil the whole page for Prometheus. */
const nameOf = ({ model, v }: ModelContract, variant: Variant): string => `${model} ${v} ${variant}`;

/** Series of a model that are shown at most; those of versions that do not answer any more go first, the oldest before the others. */
const mostMeters = 50;

function forgetOldest(meters: Map<string, Meter>, model: string, models: ServedModels): void {
  const mine = [...meters].filter(([, { labels }]) => labels["model"] === model);
  const answering = new Set(models.list().find(({ name }) => name === model)?.versions().map(({ v }) => String(v)));
  const idle = mine.filter(([, { labels }]) => !answering.has(labels["version"]!));
  for (const [name] of idle.slice(0, Math.max(0, mine.length - mostMeters + 1))) meters.delete(name);
}

function addMeter(meters: Map<string, Meter>, contract: ModelContract, variant: Variant): Meter {
  const labels = { model: contract.model, version: String(contract.v), variant };
  const meter: Meter = { labels, requests: 0, rows: 0, queue: makeHistogram(labels), compute: makeHistogram(labels), request: makeHistogram(labels) };
  meters.set(nameOf(contract, variant), meter);
  return meter;
}

const times = [
  ["request", "relearn_request_seconds", "Time from a whole request to its reply"],
  ["queue", "relearn_queue_seconds", "Time that rows waited for the model's process"],
  ["compute", "relearn_compute_seconds", "Time that the model's process took for the batch"],
] as const;

function showTimes(registry: Registry, all: () => readonly Meter[]): void {
  for (const [part, name, help] of times) show(registry, { name, help, type: "histogram", samples: () => all().flatMap((meter) => samplesOf(name, meter[part])) });
}

function showState(registry: Registry, metrics: Metrics, models: ServedModels): void {
  const gauge = (name: string, help: string, samples: () => readonly Sample[]): void => show(registry, { name, help, type: "gauge", samples });
  gauge("relearn_requests_in_flight", "Requests that are being answered", () => [{ labels: {}, value: metrics.inFlight }]);
  gauge("relearn_model_ready", "1 where the champion answers", () => models.list().map((model) => ({ labels: { model: model.name }, value: model.status().ready ? 1 : 0 })));
  gauge("relearn_model_loaded", "1 a version that answers", () => models.list().flatMap((model) => model.versions().map(({ v, digest }) => ({ labels: { model: model.name, version: String(v), digest }, value: 1 }))));
  gauge("relearn_model_pinned", "Version that is pinned on this host; 0 where none is", () => models.list().map((model) => ({ labels: { model: model.name }, value: model.status().pinned ?? 0 })));
  gauge("relearn_model_instead_of", "Version that cannot be loaded, while another one answers instead; 0 where there is none", () => models.list().map((model) => ({ labels: { model: model.name }, value: model.status().insteadOf ?? 0 })));
  gauge("relearn_resident_bytes", "Memory of the serving process", () => [{ labels: {}, value: process.memoryUsage.rss() }]);
}
