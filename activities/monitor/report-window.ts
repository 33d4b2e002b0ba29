import type { BaseWindow } from "../../schemas/base-window.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";
import type { LabelState, WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { baseWindowAt, spanOver, type WindowClock } from "../../policy/monitor-windows.ts";
import { addDuration } from "../../schemas/calendar.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { firstBaseWindow, listBaseWindows } from "../../stores/base-windows.ts";
import { putWindowReport } from "../../stores/window-reports.ts";
import type { LabelFiles } from "./label-files.ts";
import type { MonitorPorts } from "./monitor-ports.ts";
import { mergeSkew } from "./count-skew.ts";
import { holdoutReference, mergeOutputs, outputMetrics, type OutputReference } from "./output-metrics.ts";
import { authoredFigures, columnMetrics, skewMetrics, softwareMetrics, type Span, volumeMetrics } from "./report-metrics.ts";
import type { WatchedVersion } from "./watched-version.ts";

export interface QualityRequest {
  readonly model: string;
  readonly definition: Definition;
  readonly version: WatchedVersion;
  /** The base window, and the rolling span that ends with it. */
  readonly window: Window;
  readonly over: Window;
  /** The counted base windows of the span, oldest first. */
  readonly bases: readonly BaseWindow[];
  readonly labels: LabelFiles;
  readonly signal: AbortSignal;
}

/** What came true of a version's predictions, and until then what is thought to. */
export type WindowQuality = (deps: MonitorPorts, request: QualityRequest) => Promise<{ readonly metrics: readonly WindowMetric[]; readonly labels: LabelState | null }>;

export interface ReportRequest extends Omit<QualityRequest, "bases" | "over"> {
  /** Wall clock. */
  readonly at: string;
}

export const clockOf = ({ monitors: { every, over }, timezone }: Definition): WindowClock => ({ every, over, timezone });

/**
 * Tells what one version was like in a base window and in the span that ends with it, from counted windows alone. Null where the window was not
 * counted. Distances are of the merged span; what does not merge (latencies, the author's SQL) is of the base window.
 */
export async function reportWindow(deps: MonitorPorts, request: ReportRequest, quality: WindowQuality): Promise<WindowReport | null> {
  const { model, definition, version, window, signal } = request;
  const clock = clockOf(definition);
  const over = spanOver(clock, window);
  const bases = (await listBaseWindows(deps.store, model, version.v, over, signal)).filter((one) => one.digest === version.digest && one.frame === version.frame.ref.sha256 && isOfGrid(clock, one.window));
  const own = bases.find((one) => one.window.from === window.from);
  if (own === undefined) return null;
  const [{ metrics: qualities, labels }, reference] = await Promise.all([quality(deps, { ...request, over, bases }), outputReference(deps, request, over)]);
  const span: Span = { ...merged(bases), own: own.features, isWhole: await isWatchedSince(deps, request, over.from) };
  const metrics = [
    ...softwareMetrics(own), ...volumeMetrics(own), ...columnMetrics(span, version, definition.monitors), ...skewMetrics(mergeSkew(bases)), ...outputMetrics(mergeOutputs(bases), reference), ...authoredFigures(own), ...qualities,
  ];
  return putWindowReport(deps.store, { pipeline: definition.name, model, v: version.v, digest: version.digest, window, over, rows: { base: own.rows, over: span.rows }, metrics, labels }, request.at, signal);
}

/** Windows of another length, from before the definition was changed, overlap with these. */
const isOfGrid = (clock: WindowClock, { from, to }: Window): boolean => {
  const at = baseWindowAt(clock, from);
  return at.from === from && at.to === to;
};

function merged(bases: readonly BaseWindow[]): Omit<Span, "isWhole" | "own"> {
  const outOfRange: Record<string, number> = {};
  for (const base of bases) for (const [name, n] of Object.entries(base.outOfRange)) outOfRange[name] = (outOfRange[name] ?? 0) + n;
  return { rows: bases.reduce((sum, { rows }) => sum + rows, 0), features: mergeSketches(bases.map(({ features }) => features)), outOfRange };
}

async function isWatchedSince({ store }: MonitorPorts, { model, version, signal }: ReportRequest, from: string): Promise<boolean> {
  const first = await firstBaseWindow(store, model, version.v, signal);
  return first !== null && Date.parse(first) <= Date.parse(from);
}

/** A regression is held against its own first span, because nobody kept what it answered before it served. */
async function outputReference({ store }: MonitorPorts, { model, definition, version, signal }: ReportRequest, over: Window): Promise<OutputReference> {
  if (version.manifest.outputs.task !== "regression") return holdoutReference(version.evaluation);
  const first = await firstBaseWindow(store, model, version.v, signal);
  const end = first === null ? null : addDuration(first, definition.monitors.over, definition.timezone);
  if (first === null || end === null || Date.parse(end) > Date.parse(over.from)) return { kind: "none", why: "a regression's answers are held against those of its own first span, which this one is a part of" };
  const { values } = mergeOutputs(await listBaseWindows(store, model, version.v, { from: first, to: end }, signal));
  return values?.kind === "number" && values.count > 0 ? { kind: "values", values } : { kind: "none", why: "there were no answers in its first span" };
}
