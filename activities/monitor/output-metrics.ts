import { counted } from "../../policy/counted.ts";
import type { BaseWindow, OutputCounts } from "../../schemas/base-window.ts";
import type { Evaluation } from "../../schemas/evaluation.ts";
import type { ColumnSketch, NumberSketch } from "../../schemas/sketch.ts";
import type { WindowMetric } from "../../schemas/window-report.ts";
import { columnDrift, fewestDriftRows } from "../../stats/column-drift.ts";
import { jensenShannon } from "../../stats/jensen-shannon.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { psi } from "../../stats/psi.ts";
import { metricOf } from "./report-metrics.ts";

/** Classes whose share is told one by one. */
const toldClasses = 20;

const noOutput: OutputCounts = { count: 0, nulls: 0, sum: 0, confidence: 0, tenths: [], labels: {}, values: null };

/** Several windows' outputs as one. */
export function mergeOutputs(bases: readonly Pick<BaseWindow, "output">[]): OutputCounts {
  const outputs = bases.map(({ output }) => output).filter(({ count, nulls }) => count + nulls > 0);
  const values = outputs.flatMap((one) => (one.values === null ? [] : [one.values]));
  return outputs.length === 0 ? noOutput : {
    count: total(outputs, (one) => one.count), nulls: total(outputs, (one) => one.nulls), sum: total(outputs, (one) => one.sum), confidence: total(outputs, (one) => one.confidence),
    tenths: (outputs[0]?.tenths ?? []).map((_, i) => total(outputs, ({ tenths }) => tenths[i] ?? 0)), labels: mergeCounts(outputs.map(({ labels }) => labels)), values: values.length === 0 ? null : mergeColumn(values),
  };
}

const total = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((sum, one) => sum + of(one), 0);

function mergeCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) for (const [name, n] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + n;
  return sums;
}

function mergeColumn(columns: readonly ColumnSketch[]): ColumnSketch {
  return mergeSketches(columns.map((column) => ({ version: 1, rows: column.count + column.nulls, columns: { value: column } }))).columns["value"] ?? columns[0]!;
}

/** What a version's answers are held against: what it answered on its recent holdout, or of a regression in its own first span. */
export type OutputReference = { readonly kind: "tenths"; readonly counts: readonly number[]; readonly mean: number } | { readonly kind: "values"; readonly values: NumberSketch } | { readonly kind: "none"; readonly why: string };

/** A classifier's evaluation counts its scores by tenths. */
export function holdoutReference(evaluation: Evaluation | null): OutputReference {
  const bins = evaluation?.holdouts.find(({ holdout }) => holdout === "recent")?.calibration ?? [];
  if (bins.length === 0) return { kind: "none", why: "what this version answered on its holdout was not kept" };
  const counts = Array.from({ length: 10 }, (_, i) => bins.find(({ from }) => Math.round(from * 10) === i)?.rows ?? 0);
  return { kind: "tenths", counts, mean: total(bins, ({ rows, predicted }) => rows * predicted) / total(bins, ({ rows }) => rows) };
}

export function outputMetrics(output: OutputCounts, reference: OutputReference): WindowMetric[] {
  const { count, nulls, sum, confidence, tenths, labels } = output;
  const isValue = tenths.length === 0;
  const of = (metric: string, subject: string | null, value: number | null, rest: Partial<WindowMetric> = {}): WindowMetric => metricOf("output", metric, subject, count === 0 && metric !== "null_share" ? null : value, count, { ...(count === 0 ? { why: "there were no answers" } : {}), ...rest });
  const named = Object.entries(labels).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, toldClasses);
  return [
    metricOf("output", "null_share", null, count + nulls === 0 ? null : nulls / (count + nulls), count + nulls, count + nulls === 0 ? { why: "there were no rows" } : {}),
    of(isValue ? "mean_value" : "mean_score", null, sum / count, { reference: reference.kind === "tenths" ? reference.mean : reference.kind === "values" ? reference.values.sum / reference.values.count : null }),
    ...(isValue ? [] : [of("confidence", null, confidence / count)]),
    ...named.map(([label, n]) => of("label_share", label, n / count)),
    ...distances(output, reference),
  ];
}

function distances({ count, tenths, values }: OutputCounts, reference: OutputReference): WindowMetric[] {
  const of = (metric: string, value: number | null, why: string | null): WindowMetric => metricOf("output", metric, null, value, count, { why });
  const few = count < fewestDriftRows ? `${counted(count, "answer")} to compare, and ${fewestDriftRows} are needed` : null;
  if (reference.kind === "none" || few !== null) return ["psi", "jensen_shannon"].map((metric) => of(metric, null, few ?? (reference as { why: string }).why));
  if (reference.kind === "tenths") return [of("psi", psi(reference.counts, tenths), null), of("jensen_shannon", jensenShannon(reference.counts, tenths), null)];
  if (values === null) return [];
  const drift = columnDrift("value", reference.values, values);
  return [of("psi", drift.psi, null), of("jensen_shannon", drift.jensenShannon, null), of("kolmogorov_smirnov", drift.kolmogorovSmirnov, null)];
}
