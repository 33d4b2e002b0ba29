import { join } from "node:path";
import type { Estimate, HoldoutEvaluation } from "../../schemas/evaluation.ts";
import type { LabelState, WindowMetric } from "../../schemas/window-report.ts";
import { calibrationShift } from "../../stats/calibration-shift.ts";
import { calibrated, expectedMetrics } from "../../stats/cbpe.ts";
import { compareModels } from "../../stats/metric-intervals.ts";
import { riseOf } from "../../stats/error-rise.ts";
import { rowErrors } from "../../stats/row-losses.ts";
import { type ScoredRows, takeRows } from "../../stats/scored-rows.ts";
import { issuedAt } from "../../stores/prediction-ids.ts";
import { localBlobs } from "../support/local-blobs.ts";
import { answeredRows, type Answered } from "./answered-rows.ts";
import { withAnswers } from "./base-windows.ts";
import type { MonitorPorts } from "./monitor-ports.ts";
import { metricOf } from "./report-metrics.ts";
import type { QualityRequest, WindowQuality } from "./report-window.ts";

/** From this share of labels on, what came true stands for all; below it an estimate stands beside it. */
const enoughLabels = 0.5;

/**
 * What came true of a version's predictions over the span: every metric of the evaluation, for the whole and each slice, from rows that have their label; and,
 * while half of the labels are missing, what is expected from how sure the model was. Labels that have not come are never counted as anything.
 */
export const windowQuality: WindowQuality = async (deps, request) => {
  const rows = request.bases.reduce((sum, base) => sum + base.rows, 0);
  if (rows === 0) return { metrics: [], labels: null };
  const answered = await readAnswered(deps, request);
  const labels = labelsOf(answered);
  return { labels, metrics: [...measured(answered, request), ...(labels.labelled < labels.rows * enoughLabels ? estimated(answered, request) : [])] };
};

async function readAnswered(deps: MonitorPorts, request: QualityRequest): Promise<Answered> {
  const { version, signal } = request;
  const bases = await withAnswers(deps, request, version, request.bases);
  const kept = bases.flatMap(({ answers }) => (answers === undefined ? [] : [answers]));
  const [answers, said] = await Promise.all([localBlobs(deps, kept.map(({ blob }) => blob), signal), request.labels.since(firstIssued(request))]);
  return answeredRows({ spill: join(deps.scratch, "spill"), answers, said, slices: [...new Set(kept.flatMap(({ slices }) => slices))], outputs: version.manifest.outputs, signal });
}

/** When the first of the span's predictions was issued, by the wall clock, which its id says: before that nobody can have sent its label. */
const firstIssued = ({ bases, over }: QualityRequest): number => Math.min(...bases.flatMap(({ ids }) => (ids === null ? [] : [issuedAt(ids.first) ?? Date.parse(over.from)])), Date.now());

function labelsOf({ rows, labelled, delays }: Answered): LabelState {
  const sorted = Float64Array.from(delays).sort();
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
  return { rows, labelled: labelled.label.length, delay: sorted.length === 0 ? null : { p50: at(0.5), p90: at(0.9) } };
}

function measured({ labelled, slices }: Answered, { version: { evaluation }, definition }: QualityRequest): WindowMetric[] {
  const holdout = evaluation?.holdouts.find((one) => one.holdout === "recent");
  const n = labelled.label.length;
  if (n < definition.monitors.minRows) return [];
  const whole = figures(labelled, null, holdout?.candidate);
  const parts = [...slices].flatMap(([slice, at]) => (at.length < definition.minRows ? [] : figures(takeRows(labelled, at), slice, holdout?.slices.find((one) => one.slice === slice)?.candidate)));
  const rise = riseOf(rowErrors(labelled));
  return [...whole, ...parts, ...shifted(labelled, holdout?.calibration), metricOf("quality", "error_rise", null, rise.share, n, { why: rise.share === 0 ? null : `the mean error was ${rise.before.toPrecision(3)} over the first ${rise.at} rows, and ${rise.after.toPrecision(3)} since` })];
}

/** Whether scores are worth what they were on the holdout: it tells a concept that has moved from inputs that have. */
function shifted(labelled: ScoredRows, before: HoldoutEvaluation["calibration"] | undefined): WindowMetric[] {
  const shift = labelled.task === "regression" || before === undefined ? null : calibrationShift(labelled, before);
  return shift === null ? [] : [metricOf("quality", "calibration_shift", null, shift.value, labelled.label.length, { p: shift.p, reference: 0 })];
}

function figures(rows: ScoredRows, subject: string | null, reference: Readonly<Record<string, Estimate>> | undefined): WindowMetric[] {
  return Object.entries(compareModels(rows, null).candidate).map(([metric, { value, low, high, why }]) => metricOf("quality", metric, subject, value, rows.label.length, { low, high, why, reference: reference?.[metric]?.value ?? null }));
}

/** Only a binary classifier's scores say how often it is right. */
function estimated({ scores }: Answered, { version: { evaluation, manifest }, definition }: QualityRequest): WindowMetric[] {
  const holdout = evaluation?.holdouts.find((one) => one.holdout === "recent");
  if (manifest.outputs.task !== "binary" || scores.length < definition.monitors.minRows) return [];
  const expected = expectedMetrics(calibrated(scores, holdout?.calibration ?? []));
  return Object.entries(expected).map(([metric, { value, low, high }]) => metricOf("quality", metric, null, value, scores.length, { low, high, estimated: true, reference: holdout?.candidate[metric]?.value ?? null }));
}
