import type { AlarmEvidence } from "../schemas/alarm.ts";
import type { WindowReport } from "../schemas/window-report.ts";
import { familyOf, median } from "./metric-thresholds.ts";

export interface Change {
  readonly shape: "sudden" | "gradual" | null;
  /** Start of the base window in which it began. */
  readonly began: string | null;
}

/** A tenth of the way from what is usual to what is observed: from there on it was on its way. */
const onItsWay = 0.1;

/**
 * When a metric left what was usual, and whether at once. Over a rolling span even a jump takes as long as the span to show in full, so what takes longer
 * than one span to reach its alarm is gradual. Without earlier windows nothing is said.
 */
export function changeOf({ metric, subject, observed }: AlarmEvidence, report: WindowReport, history: readonly WindowReport[]): Change {
  const series = history.flatMap(({ window, metrics }) => {
    const found = metrics.find((one) => familyOf(one) === metric && one.subject === subject);
    return found?.value == null ? [] : [{ from: window.from, value: found.value }];
  });
  if (observed === null || series.length < 2) return { shape: null, began: series.length === 0 ? null : report.window.from };
  const usual = median(series.slice(0, Math.max(1, Math.ceil(series.length / 2))).map(({ value }) => value));
  const isUsual = ({ value }: { readonly value: number }): boolean => Math.abs(value - usual) < onItsWay * Math.abs(observed - usual);
  const last = series.findLastIndex(isUsual);
  const began = last === series.length - 1 ? report.window.from : series[last + 1]!.from;
  const tookMs = Date.parse(report.window.to) - Date.parse(began);
  const spanMs = Date.parse(report.over.to) - Date.parse(report.over.from);
  const windowMs = Date.parse(report.window.to) - Date.parse(report.window.from);
  return { shape: tookMs <= spanMs + windowMs ? "sudden" : "gradual", began };
}
