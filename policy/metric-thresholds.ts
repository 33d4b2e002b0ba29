import type { Monitors, Threshold } from "../schemas/monitors.ts";
import type { WindowMetric, WindowReport } from "../schemas/window-report.ts";

/** What a metric is called: `psi distance`, `output_psi`, `p99_ms`, or the title of an author's SQL. */
export function metricName({ group, metric, subject }: Pick<WindowMetric, "group" | "metric" | "subject">): string {
  if (metric === "sql") return subject ?? "sql";
  return `${familyOf({ group, metric })}${subject === null ? "" : ` ${subject}`}`;
}

/** A metric of whatever column or slice. The same distance of inputs and of answers is two. */
export const familyOf = ({ group, metric }: Pick<WindowMetric, "group" | "metric">): string => (group === "output" ? `output_${metric}` : metric);

/** What somebody set for a metric: for it by its whole name, else for its family; undefined where nobody did. */
export const thresholdOf = (metric: WindowMetric, { thresholds }: Pick<Monitors, "thresholds">): Threshold | undefined => thresholds[metricName(metric)] ?? thresholds[familyOf(metric)];

export interface Limits { readonly above: number | null; readonly below: number | null }

/** Fewest quiet windows from which a limit is taken. */
export const fewestQuiet = 8;

/** So many deviations from the middle of the quiet windows are no longer quiet; and at least this share of the middle. */
const [quietDeviations, quietShare] = [6, 0.1];

/** Makes the median absolute deviation that of a normal distribution. */
const normalised = 1.4826;

/**
 * Limits from how much a metric varied while nothing alarmed: its median, give or take six normalised median absolute deviations, at least a tenth
 * of it. Null with fewer than 8 windows to tell from.
 */
export function quietLimits(values: readonly number[]): Limits | null {
  if (values.length < fewestQuiet) return null;
  const middle = median(values);
  const spread = Math.max(quietDeviations * normalised * median(values.map((value) => Math.abs(value - middle))), quietShare * Math.abs(middle));
  return { above: middle + spread, below: middle - spread };
}

/** The values of one metric in earlier windows, oldest first; windows that overlap with the one before are left out where there are enough without. */
export function seriesOf(history: readonly WindowReport[], metric: WindowMetric): readonly { readonly from: string; readonly value: number }[] {
  const name = metricName(metric);
  return history.flatMap(({ window, metrics }) => {
    const found = metrics.find((one) => metricName(one) === name && one.estimated === metric.estimated);
    return found?.value == null ? [] : [{ from: window.from, value: found.value }];
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
