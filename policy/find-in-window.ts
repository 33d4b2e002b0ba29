import type { AlarmEvidence, AlarmKind, Remedy } from "../schemas/alarm.ts";
import type { Monitors } from "../schemas/monitors.ts";
import type { WindowMetric, WindowReport } from "../schemas/window-report.ts";
import { counted } from "./counted.ts";
import { familyOf, fewestQuiet, type Limits, metricName, quietLimits, thresholdOf } from "./metric-thresholds.ts";
import { percent } from "./percent.ts";

/** Something in one window that is not as it should be. */
export interface Found {
  /** Names it from window to window. */
  readonly key: string;
  readonly kind: AlarmKind;
  readonly proposal: Remedy;
  readonly evidence: AlarmEvidence;
  readonly message: string;
}

export interface Looked {
  readonly settings: Monitors;
  /** Its p values already corrected for there being many columns. */
  readonly report: WindowReport;
  /** Earlier windows of the same version, oldest first. */
  readonly history: readonly WindowReport[];
  /** What was found before and has not cleared: it clears only below this share of its limit. */
  readonly open: ReadonlySet<string>;
}

/** A distance above this is an effect worth a word; and this is the chance, after the correction for many looks, that it is none at all. */
const [smallestPsi, falseAlarms] = [0.2, 0.001];

/** What a model that is surely worse is worse by: the concept, where scores would be off by so much in fewer spans than this share by chance. */
const byChance = 0.01;

/** What is open clears below this share of its limit. */
const clearsBelow = 0.8;

/** Nulls that grow by this much, their odds by this factor, are a pipe that broke. */
const [nullGrowth, nullOdds, smallestNullShare] = [0.1, 3, 0.01];

/** Rows with values that the training data never reached: a world that moved below the second, a pipe that broke above. */
const [strangeShare, brokenShare] = [0.05, 0.5];

/** A base window with fewer rows than this share of the smallest of the last weeks. */
const [volumeShare, volumeWindows] = [0.5, 14];

/** A served feature that differs from what `prepare` makes of the same row in more rows than this. */
const skewShare = 0.01;

const errorShare = 0.02;

/** How much worse than on the holdout a metric must surely be: in points where higher is better, as a share where lower is. */
const [worseBy, worseShare] = [0.02, 0.05];

/** Metrics that alarm where nobody set a threshold: they rest on all rows. Others (ECE, the shares of one class) vary too much from span to span. */
const [higherIsBetter, lowerIsBetter] = [new Set(["auc", "accuracy", "r2"]), new Set(["log_loss", "brier", "rmse", "mae"])];

/** Intervals are of 95 %, and are looked at in every window: only what lies outside one twice as wide is told, about 1 in 10,000 by chance. */
const width = 2;

/** By what share the mean error must have risen within a span. */
const smallestRise = 0.2;

/** All that is not as it should be, by the thresholds that were set, else by the usual ones. Too few rows say nothing. */
export function findInWindow(looked: Looked): readonly Found[] {
  const isWhole = spanIsWhole(looked);
  const told = looked.report.metrics.filter((metric) => metric.value !== null && thresholdOf(metric, looked.settings) !== "off" && hasRows(metric, looked));
  const limited = new Set(told.filter((metric) => limitsOf(metric, looked) !== null));
  const unlimited = told.filter((metric) => !limited.has(metric));
  const isDue = (metric: WindowMetric): boolean => isWhole || !isOfSpan(metric);
  const [usual, set] = [unlimited.filter(isDue), [...limited].filter(isDue)];
  const broken = unlimited.flatMap((metric) => brokenData(metric, looked));
  const brokenColumns = new Set(broken.map(({ evidence }) => evidence.subject));
  return [
    ...broken, ...distances(usual.filter(({ subject }) => subject === null || !brokenColumns.has(subject)), looked), ...usual.flatMap((metric) => elsewhere(metric, looked)),
    ...set.flatMap((metric) => bySetThreshold(metric, looked)), ...quality(usual, looked),
  ];
}

/** Whether the version was watched all through the span: a part of a week is no sample of a week. */
const spanIsWhole = ({ report: { over, window }, history }: Looked): boolean => [...history.map((one) => one.window), window].some(({ from }) => Date.parse(from) <= Date.parse(over.from));

/** Distances, quality and strange values are of the span; what is broken, slow or silent is so at once, also of a version that has just begun to serve. */
const isOfSpan = ({ group, metric }: WindowMetric): boolean => group === "quality" || metric === "psi" || metric === "out_of_range_share" || metric === "unseen_share";

/** Volume and silence are about there being few rows. */
function hasRows({ metric, rows, group }: WindowMetric, { settings, report }: Looked): boolean {
  if (metric === "rows" || metric === "freshness_s") return true;
  return (group === "quality" ? rows : Math.max(rows, report.rows.over)) >= settings.minRows;
}

function foundOf(metric: WindowMetric, looked: Looked, kind: AlarmKind, proposal: Remedy, limit: number | null, message: string): Found {
  const { subject, value, reference, rows, p } = metric;
  return { key: `${kind} ${metricName(metric)}`, kind, proposal, message, evidence: { metric: familyOf(metric), subject, observed: value, limit, reference, p, rows } };
}

const figure = (value: number): string => String(Number(value.toPrecision(3)));
const odds = (share: number): number => share / (1 - Math.min(share, 0.999));
const column = ({ subject }: WindowMetric): string => `column ${subject}`;

function brokenData(metric: WindowMetric, looked: Looked): Found[] {
  const value = metric.value as number;
  const broken = (limit: number | null, message: string): Found[] => [foundOf(metric, looked, "broken-data", "fix-data", limit, message)];
  const isOpen = looked.open.has(`broken-data ${metricName(metric)}`);
  const ease = isOpen ? clearsBelow : 1;
  if (metric.group !== "input") return [];
  switch (metric.metric) {
    case "broken":
      return value >= 1 ? broken(1, metric.why ?? `${column(metric)} is broken`) : [];
    case "null_share": {
      const before = metric.reference ?? 0;
      const surges = value - before >= nullGrowth * ease && odds(value) >= nullOdds * ease * odds(Math.max(before, smallestNullShare));
      return surges ? broken(before + nullGrowth, `${column(metric)} is null in ${percent(value)} of the rows, and was in ${percent(before)} of the training data: is a join or an export broken?`) : [];
    }
    case "out_of_range_share":
      return value >= brokenShare * ease ? broken(brokenShare, `${column(metric)} lies outside its limits in ${percent(value)} of the rows: was its unit changed?`) : [];
    case "unseen_share":
      return value >= brokenShare * ease ? broken(brokenShare, `${column(metric)} has values that the training data does not know in ${percent(value)} of the rows: were they renamed?`) : [];
    case "rows": {
      const usual = looked.history.slice(-volumeWindows).map(({ rows }) => rows.base);
      const least = usual.length < fewestQuiet ? null : Math.min(...usual);
      return least !== null && least >= looked.settings.minRows / 10 && value < least * volumeShare ? broken(least * volumeShare, `${counted(value, "row")} came, and never fewer than ${least} in the last ${usual.length} windows: is a caller, or the log, cut off?`) : [];
    }
    default:
      return [];
  }
}

/** Distances of columns are one question asked many times; that of the answers is another. */
function distances(metrics: readonly WindowMetric[], looked: Looked): Found[] {
  const inputs = metrics.filter(({ group, metric }) => group === "input" && metric === "psi");
  const outputs = metrics.filter(({ group, metric, subject }) => group === "output" && metric === "psi" && subject === null);
  const strange = metrics.filter(({ group, metric }) => group === "input" && (metric === "out_of_range_share" || metric === "unseen_share"));
  return [
    ...moved(inputs, looked, "data-drift", (one) => `${column(one)} has moved from the training data`), ...moved(outputs, looked, "prediction-drift", () => "the model answers otherwise than on its holdout"),
    ...strange.flatMap((metric) => strangeValues(metric, looked)),
  ];
}

function moved(metrics: readonly WindowMetric[], looked: Looked, kind: "data-drift" | "prediction-drift", what: (metric: WindowMetric) => string): Found[] {
  return metrics.flatMap((metric) => {
    const value = metric.value as number;
    const limit = smallestPsi * (looked.open.has(`${kind} ${metricName(metric)}`) ? clearsBelow : 1);
    return value > limit && (metric.p ?? 0) <= falseAlarms ? [foundOf(metric, looked, kind, "retrain", smallestPsi, `${what(metric)}: PSI ${figure(value)}`)] : [];
  });
}

function strangeValues(metric: WindowMetric, looked: Looked): Found[] {
  const value = metric.value as number;
  const limit = strangeShare + (metric.reference ?? 0);
  const ease = looked.open.has(`data-drift ${metricName(metric)}`) ? clearsBelow : 1;
  if (value < limit * ease || value >= brokenShare || (metric.subject !== null && looked.settings.seasonal.includes(metric.subject))) return [];
  const what = metric.metric === "unseen_share" ? "has values that the training data does not know" : "lies outside what the training data held";
  return [foundOf(metric, looked, "data-drift", "retrain", limit, `${column(metric)} ${what} in ${percent(value)} of the rows`)];
}

function elsewhere(metric: WindowMetric, looked: Looked): Found[] {
  const value = metric.value as number;
  if (metric.group === "input" && metric.metric === "skew_share" && value > skewShare) {
    return [foundOf(metric, looked, "skew", "fix-data", skewShare, `${column(metric)} was served otherwise than prepare makes it in ${percent(value)} of the rows: training and serving do not see the same`)];
  }
  if (metric.group === "software" && metric.metric === "error_share" && value > errorShare) return [foundOf(metric, looked, "service", "roll-back", errorShare, `${percent(value)} of the requests failed`)];
  return [];
}

/** A figure that lies surely on the wrong side of what it was on the holdout. What is once said to be the concept's stays so until it clears, so that it is not told twice. */
function quality(metrics: readonly WindowMetric[], looked: Looked): Found[] {
  const worse = metrics.filter((metric) => metric.group === "quality" && isWorse(metric, looked));
  const concept = conceptMoved(looked.report);
  return worse.map((metric) => {
    const toldBefore = looked.open.has(`concept-drift ${metricName(metric)}`);
    const kind = !metric.estimated && metric.subject === null && (concept || toldBefore) ? "concept-drift" : "quality";
    const where = metric.subject === null ? "" : ` in ${metric.subject}`;
    const what = metric.estimated ? "is thought to be, by how sure the model is," : "is";
    const why = kind === "concept-drift" ? ": the same inputs mean something else now" : "";
    if (metric.metric === "error_rise") return foundOf(metric, looked, kind, "retrain", smallestRise, `the mean error has risen by ${percent(metric.value as number)} within the span${why}`);
    return foundOf(metric, looked, kind, "retrain", metric.reference, `${metric.metric}${where} ${what} ${figure(metric.value as number)}, and was ${figure(metric.reference as number)} on the holdout${why}`);
  });
}

/** Whether the same inputs mean something else: scores are not worth what they were. Where that is not measured, as of a regression: whether inputs have not moved, which leaves nothing else. */
function conceptMoved({ metrics }: WindowReport): boolean {
  const shift = metrics.find(({ group, metric, p }) => group === "quality" && metric === "calibration_shift" && p !== null);
  if (shift !== undefined) return shift.p! <= byChance;
  return !metrics.some(({ group, metric, value, p }) => group === "input" && metric === "psi" && (value ?? 0) > smallestPsi && (p ?? 0) <= falseAlarms);
}

function isWorse({ metric, value, low, high, reference }: WindowMetric, looked: Looked): boolean {
  if (metric === "error_rise") return (value as number) > smallestRise;
  if (reference === null || low === null || high === null || value === null) return false;
  const ease = [...looked.open].some((key) => key.endsWith(` ${metric}`)) ? clearsBelow : 1;
  if (higherIsBetter.has(metric)) return value + width * (high - value) < reference - worseBy * ease;
  return lowerIsBetter.has(metric) && value - width * (value - low) > reference * (1 + worseShare * ease);
}

const kindOf = ({ group, metric }: WindowMetric): AlarmKind => (metric === "calibration_shift" ? "concept-drift" : kinds[group]);
const kinds = { software: "service", input: "data-drift", output: "prediction-drift", quality: "quality" } as const;

/** What somebody set, in numbers. Null where nobody did, and for `auto` until enough was quiet to tell it from: then the usual limits hold. */
function limitsOf(metric: WindowMetric, { settings, history, report }: Looked): Limits | null {
  const threshold = thresholdOf(metric, settings);
  if (threshold === undefined || threshold === "off") return null;
  return threshold === "auto" ? quietLimits(history, metric, report) : { above: threshold.above ?? null, below: threshold.below ?? null };
}

function bySetThreshold(metric: WindowMetric, looked: Looked): Found[] {
  const limits = limitsOf(metric, looked);
  if (limits === null) return [];
  const value = metric.value as number;
  const isAuto = thresholdOf(metric, looked.settings) === "auto";
  if (isAuto && metric.p !== null && metric.p > falseAlarms) return [];
  const kind = kindOf(metric);
  const isOpen = looked.open.has(`${kind} ${metricName(metric)}`);
  const slack = (limit: number): number => (isOpen ? Math.abs(limit) * (1 - clearsBelow) : 0);
  const crossed = limits.above !== null && value > limits.above - slack(limits.above) ? limits.above : limits.below !== null && value < limits.below + slack(limits.below) ? limits.below : null;
  if (crossed === null) return [];
  const proposal = metric.group === "software" ? "roll-back" : "retrain";
  return [foundOf(metric, looked, kind, proposal, crossed, `${metricName(metric)} is ${figure(value)}, ${value > crossed ? "above" : "below"} ${figure(crossed)}${isAuto ? ", as never while it was quiet" : ""}`)];
}

