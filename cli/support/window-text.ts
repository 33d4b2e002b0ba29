import { count } from "../../policy/counted.ts";
import { headlineQuality } from "../../policy/headline-quality.ts";
import type { Alarm } from "../../schemas/alarm.ts";
import type { Threshold } from "../../schemas/monitors.ts";
import type { WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { figure, shortTime } from "./format.ts";
import { plain } from "./style.ts";
import { renderTable } from "./table.ts";

const groups = ["software", "input", "output", "quality"] as const;

/** What a list shows of a report: who, how many, what moved most, how good. */
export function windowsTable(reports: readonly WindowReport[], alarms: readonly Alarm[], width: number): string {
  return renderTable([
    { title: "WINDOW", cell: ({ window }) => `${shortTime(window.from).slice(0, 16)}Z` },
    { title: "VERSION", cell: ({ v }) => `v${v}` },
    { title: "ROWS", cell: ({ rows }) => count(rows.base), right: true },
    { title: "IN SPAN", cell: ({ rows }) => count(rows.over), right: true },
    { title: "LARGEST PSI", cell: (report) => worstText(report), shrinks: true },
    { title: "QUALITY", cell: qualityText, shrinks: true },
    { title: "LABELS", cell: ({ labels }) => (labels === null ? "-" : `${count(labels.labelled)} of ${count(labels.rows)}`) },
    { title: "ALARMS", cell: (report) => alarmsOf(report, alarms).map(({ kind }) => kind).join(", ") || "-", wraps: true },
  ], reports, width);
}

const alarmsOf = ({ v, window }: WindowReport, alarms: readonly Alarm[]): readonly Alarm[] => alarms.filter((one) => one.v === v && one.window?.from === window.from);

/** The feature that moved most from the training data. */
export function worstText({ metrics }: Pick<WindowReport, "metrics">): string {
  const worst = metrics.filter((one) => one.group === "input" && one.metric === "psi" && one.value !== null).reduce<WindowMetric | null>((best, one) => (best === null || (one.value as number) > (best.value as number) ? one : best), null);
  return worst === null ? "-" : `${figure(worst.value)} ${plain(worst.subject ?? "")}`;
}

function qualityText({ metrics }: WindowReport): string {
  const told = headlineQuality(metrics);
  return told === null ? "-" : `${plain(told.metric)} ${figure(told.value)}${told.estimated ? " (estimated)" : ""}`;
}

/** Every figure of a report, group by group. */
export function metricsText({ metrics }: Pick<WindowReport, "metrics">, width: number): string {
  return groups.flatMap((group) => {
    const rows = metrics.filter((one) => one.group === group);
    return rows.length === 0 ? [] : [`${group}\n${renderTable([
      { title: "METRIC", cell: ({ metric }) => metric },
      { title: "OF", cell: ({ subject }) => plain(subject ?? "all"), shrinks: true },
      { title: "VALUE", cell: ({ value, low, high }) => (low === null || high === null ? figure(value) : `${figure(value)} [${figure(low)}, ${figure(high)}]`), right: true },
      { title: "REFERENCE", cell: ({ reference }) => figure(reference), right: true },
      { title: "ROWS", cell: ({ rows: n }) => count(n), right: true },
      { title: "", cell: ({ why, estimated }) => plain([...(estimated ? ["estimated"] : []), ...(why === null ? [] : [why])].join("; ")), wraps: true },
    ], rows, width)}`];
  }).join("\n\n");
}

export function thresholdText(threshold: Threshold | null): string {
  if (threshold === null) return "as the definition has it";
  if (typeof threshold === "string") return threshold;
  return [...(threshold.above === undefined ? [] : [`above ${threshold.above}`]), ...(threshold.below === undefined ? [] : [`below ${threshold.below}`])].join(" or ");
}
