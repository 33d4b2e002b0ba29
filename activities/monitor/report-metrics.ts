import { counted } from "../../policy/counted.ts";
import type { BaseWindow, SkewCounts } from "../../schemas/base-window.ts";
import type { Monitors } from "../../schemas/monitors.ts";
import type { ColumnSketch, Sketch } from "../../schemas/sketch.ts";
import type { WindowMetric } from "../../schemas/window-report.ts";
import { columnDrift, fewestDriftRows, filledBins, rowsOf } from "../../stats/column-drift.ts";
import { throughFloat } from "../../stats/float-decimal.ts";
import { newCategories } from "../../stats/new-categories.ts";
import { psiSignificance } from "../../stats/psi-significance.ts";
import { sentinel } from "../../stats/sentinel.ts";
import { unitChange } from "../../stats/unit-change.ts";
import type { ServedColumn } from "../../tables/served-sql.ts";
import type { WatchedVersion } from "./watched-version.ts";

/** How often a feature was served otherwise than it was prepared later, of the rows that were found again. */
export function skewMetrics(skew: Pick<SkewCounts, "rows" | "differing"> | null): WindowMetric[] {
  if (skew === null) return [];
  return Object.entries(skew.differing).map(([name, n]) => metricOf("input", "skew_share", name, share(n, skew.rows), skew.rows));
}

/** A figure with all that it usually has none of. */
export const metricOf = (group: WindowMetric["group"], metric: string, subject: string | null, value: number | null, rows: number, rest: Partial<WindowMetric> = {}): WindowMetric => ({
  group, metric, subject, value: value !== null && Number.isFinite(value) ? value : null, low: null, high: null, p: null, reference: null, rows, estimated: false, why: null, ...rest,
});

const secondsOf = ({ window: { from, to } }: Pick<BaseWindow, "window">): number => (Date.parse(to) - Date.parse(from)) / 1_000;
const share = (n: number, of: number): number | null => (of === 0 ? null : n / of);
const noRows = (rows: number): Partial<WindowMetric> => (rows === 0 ? { why: "there were no rows" } : {});

/** How it served in the base window. Memory, cores and queue are there where servers said so while it lasted. */
export function softwareMetrics(base: BaseWindow): WindowMetric[] {
  const { requests, errors, latency, load } = base;
  const of = (metric: string, value: number | null, rest = noRows(requests)): WindowMetric => metricOf("software", metric, null, value, requests, value === null ? rest : {});
  const served = [
    of("requests", requests), of("requests_per_s", requests / secondsOf(base)), of("error_share", share(errors, requests)),
    ...(["p50", "p95", "p99"] as const).map((q) => of(`${q}_ms`, latency?.[q] ?? null)),
  ];
  if (load === null) return served;
  return [...served, ...([["servers", load.servers], ["rss_mb", load.rssBytes / 1e6], ["cpu_cores", load.cpu], ["queued", load.queued]] as const).map(([metric, value]) => metricOf("software", metric, null, value, load.looks))];
}

/** How much came in the base window, and how old the newest row is at its end. */
export function volumeMetrics({ rows, newest, window }: BaseWindow): WindowMetric[] {
  const age = newest === null ? null : (Date.parse(window.to) - Date.parse(newest)) / 1_000;
  return [metricOf("input", "rows", null, rows, rows), metricOf("input", "freshness_s", null, age, rows, noRows(rows))];
}

/** The author's aggregates over the base window: they do not add up. */
export const authoredFigures = ({ authored, rows }: BaseWindow): WindowMetric[] => authored.map(({ group, title, value, why }) => metricOf(group, "sql", title, value, rows, { why }));

export interface Span {
  readonly rows: number;
  readonly features: Sketch;
  /** Features of the base window alone. */
  readonly own: Sketch;
  readonly outOfRange: Readonly<Record<string, number>>;
  /** Whether the version was watched all through it. */
  readonly isWhole: boolean;
}

/** What each feature is like over the span, beside the training data: shares of what is missing, out of range and unseen, and distances. */
export function columnMetrics(span: Span, { manifest, reference }: Pick<WatchedVersion, "manifest" | "reference">, monitors: Pick<Monitors, "columns" | "seasonal">): WindowMetric[] {
  return manifest.inputs.flatMap((one) => {
    if (one.column.private === true) return [metricOf("input", "psi", one.name, null, 0, { why: "the column is private: its values are not in the prediction log" })];
    const [current, trained] = [span.features.columns[one.name], reference.columns[one.name]];
    if (current === undefined) return [metricOf("input", "psi", one.name, null, 0, { why: span.rows === 0 ? "there were no rows" : "the column is not in the prediction log, or not in the frame of the training data" })];
    return oneColumn(one, current, trained === undefined ? undefined : asServed(one, trained), span, isCompared(one, monitors));
  });
}

const asServed = ({ column }: ServedColumn, trained: ColumnSketch): ColumnSketch => (column.type === "number" && !column.wide ? throughFloat(trained) : trained);

/** Columns that are functions of time say what time it is: their distances are left out. */
function isCompared({ name, column }: ServedColumn, { columns, seasonal }: Pick<Monitors, "columns" | "seasonal">): boolean {
  if (columns !== undefined) return columns.includes(name);
  return column.type !== "time" && !seasonal.includes(name);
}

function oneColumn({ name }: ServedColumn, current: ColumnSketch, trained: ColumnSketch | undefined, { outOfRange, isWhole, own }: Span, compared: boolean): WindowMetric[] {
  const rows = rowsOf(current);
  const drift = columnDrift(name, trained, current);
  const of = (metric: string, value: number | null, rest: Partial<WindowMetric> = {}): WindowMetric => metricOf("input", metric, name, value, rows, rest);
  const metrics = [of("null_share", rows === 0 ? null : drift.nullShare, { reference: drift.referenceNullShare, ...noRows(rows) })];
  if (outOfRange[name] !== undefined) metrics.push(of("out_of_range_share", share(outOfRange[name], rows), noRows(rows)));
  if (current.kind === "category" && trained?.kind === "category") {
    const fresh = newCategories(trained, current);
    metrics.push(of("unseen_share", share(fresh.share * current.count, rows), { reference: fresh.expected, ...noRows(rows) }));
  }
  const p = drift.psi === null || trained === undefined ? null : psiSignificance(drift.psi, filledBins(trained, current), rowsOf(trained), rows);
  const broken = trained === undefined ? null : brokenBecause(name, trained, current, { rows, hasSeason: compared && isWhole, latest: isMoving(drift.psi, p) ? own.columns[name] : undefined });
  metrics.push(of("broken", broken === null ? 0 : 1, { why: broken }));
  if (!compared) return metrics;
  const why = whyNot(trained, current, rows);
  metrics.push(of("psi", drift.psi, { why, p }), of("jensen_shannon", drift.jensenShannon, { why }));
  if (current.kind === "number") metrics.push(of("kolmogorov_smirnov", drift.kolmogorovSmirnov, { why }));
  return metrics;
}

/** A span in which a column is on its way somewhere else: half of the distance that is told as drift, and no chance. */
const [moving, byChance] = [0.1, 0.001];
const isMoving = (psi: number | null, p: number | null): boolean => psi !== null && p !== null && psi > moving && p <= byChance;

interface LookedAt {
  readonly rows: number;
  readonly hasSeason: boolean;
  /** What came last, of a column that is moving: the rest of the span is still in the old unit, and would be learned from together with the new one. */
  readonly latest: ColumnSketch | undefined;
}

/** Values that no world gives by itself: what stands for "none", and another unit. A season, or a part of one, may look like another unit. */
function brokenBecause(name: string, trained: ColumnSketch, current: ColumnSketch, { rows, hasSeason, latest }: LookedAt): string | null {
  if (trained.kind !== "number" || current.kind !== "number" || rows < fewestDriftRows) return null;
  const stuck = sentinel(trained, current, rows);
  if (stuck !== null) return `column ${name}: the value ${stuck.value}, which the training data hardly knows, is in ${Math.round(stuck.share * 100)} % of the rows: does it stand for "none"?`;
  const unit = hasSeason ? unitChange(trained, current) ?? (latest?.kind === "number" ? unitChange(trained, latest) : null) : null;
  return unit === null ? null : `column ${name}: its values look ${unit.how}, with the same shape: was its unit changed?`;
}

function whyNot(trained: ColumnSketch | undefined, current: ColumnSketch, rows: number): string | null {
  if (trained === undefined || trained.kind !== current.kind) return "the training data of this version has no such column";
  const fewest = Math.min(rows, rowsOf(trained));
  return fewest < fewestDriftRows ? `${counted(fewest, "row")} to compare, and ${fewestDriftRows} are needed` : null;
}
