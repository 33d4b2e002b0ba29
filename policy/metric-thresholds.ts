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

/** So many spans must have passed. */
const quietSpans = 4;

/** So many deviations from the middle of the quiet windows are no longer quiet; and at least this share of the middle. */
const [quietDeviations, quietShare] = [8, 0.1];

/** Makes the median absolute deviation that of a normal distribution. */
const normalised = 1.4826;

/**
 * Limits from how much a metric varied in the windows before this one: its median, give or take eight normalised median absolute deviations, at least a tenth
 * of it. Null with fewer than 8 windows to tell from, or less than four spans: windows of one span share most of their rows, and vary less than the world does.
 */
export function quietLimits(history: readonly WindowReport[], metric: WindowMetric, { window, over }: Pick<WindowReport, "window" | "over">): Limits | null {
  const series = seriesOf(history, metric);
  const [first] = series;
  const spanMs = Date.parse(over.to) - Date.parse(over.from);
  if (series.length < fewestQuiet || first === undefined || Date.parse(window.from) - Date.parse(first.from) < quietSpans * spanMs) return null;
  const values = series.map(({ value }) => value);
  const middle = median(values);
  const spread = Math.max(quietDeviations * normalised * median(values.map((value) => Math.abs(value - middle))), quietShare * Math.abs(middle));
  return { above: middle + spread, below: middle - spread };
}

/** The values of one metric in earlier windows, oldest first. */
function seriesOf(history: readonly WindowReport[], metric: WindowMetric): readonly { readonly from: string; readonly value: number }[] {
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
