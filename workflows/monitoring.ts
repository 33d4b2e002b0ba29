import { ActivityFailure, allHandlersFinished, ApplicationFailure, condition, continueAsNew, getExternalWorkflowHandle, isCancellation, patched, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from "@temporalio/workflow";
import type { Closed, JudgeInput, MonitorStep, Observed, ObservedReport, RaisedAlarm } from "../activities/contract.ts";
import { counted } from "../policy/counted.ts";
import { isDataDoubted } from "../policy/is-data-doubted.ts";
import { markdownText } from "../policy/markdown-text.ts";
import { readSetThreshold, readWatch } from "../policy/monitor-requests.ts";
import { addLoad } from "../policy/server-loads.ts";
import type { ServerLoad } from "../schemas/base-window.ts";
import type { Threshold } from "../schemas/monitors.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { ThresholdChange } from "../schemas/threshold-change.ts";
import { heavyActivities, quick } from "./activity-proxies.ts";
import { checkSignal, checkUpdate, latestQuery, mendedSignal, type MonitoringStatus, setThresholdUpdate, watchSignal } from "./messages.ts";
import { now } from "./run-book.ts";
import { searchAttributes } from "./search-attributes.ts";

/** Carried from one execution to the next: plain JSON. */
export interface MonitoringState {
  readonly pipeline: string;
  readonly definition: BlobRef;
  readonly cursor?: string | null;
  readonly newest?: number | null;
  readonly seen?: string;
  /** Objects of late labels that were told of, from the time about `seen`. */
  readonly lately?: readonly string[];
  readonly snapshot?: string | null;
  readonly watermark?: string | null;
  readonly load?: ServerLoad | null;
  readonly open?: JudgeInput["open"];
  readonly latest?: readonly ObservedReport[];
  readonly alarms?: readonly RaisedAlarm[];
  /** Ids of alarms that `retraining` was told of. */
  readonly told?: readonly string[];
  readonly thresholds?: MonitoringStatus["thresholds"];
  /** Continues as new after so many events; left out, when the server suggests it. */
  readonly events?: number;
}

/** Marks histories since `retraining` is told that doubts about the data have cleared. */
const tellsOfMending = "tells-of-mending";
const windowsALook = 24;
const kept = { alarms: 20, told: 200, thresholds: 200, versions: 5 };
const afterProblemMs = 60_000;

/** One per pipeline, for ever: looks which windows are over by event time, has them counted and judged, and hands what alarms to `retraining`. */
export async function monitoring(input: MonitoringState): Promise<void> {
  if (typeof input?.pipeline !== "string" || typeof input.definition?.sha256 !== "string") throw ApplicationFailure.nonRetryable("monitoring needs {pipeline, definition}", "InvalidInput");
  const watch = new Watch(input);
  upsertSearchAttributes([{ key: searchAttributes.pipeline, value: input.pipeline }, { key: searchAttributes.model, value: input.pipeline }]);
  for (;;) {
    const pauseMs = await watch.look();
    setCurrentDetails(detailsOf(watch.status()));
    // Who asked for a look waits for one: as long as somebody does, it goes on looking.
    const isOver = (): boolean => watch.isFull && allHandlersFinished();
    await condition(() => watch.isCalled || isOver(), pauseMs);
    if (isOver()) await continueAsNew<typeof monitoring>(watch.carried());
  }
}

type Live = { -readonly [K in keyof Required<Omit<MonitoringState, "events">>]: Required<MonitoringState>[K] };

class Watch {
  private readonly state: Live;
  private readonly events: number | undefined;
  private failure: string | null = null;
  /** What the last reports had to leave out. */
  private leftOut: string | null = null;
  private checkedAt: string | null = null;
  private called = false;
  private looking = false;
  private looks = 0;

  constructor({ events, ...input }: MonitoringState) {
    this.events = events;
    this.state = { cursor: null, newest: null, seen: now(), lately: [], snapshot: null, watermark: null, load: null, open: {}, latest: [], alarms: [], told: [], thresholds: {}, ...input };
    setHandler(watchSignal, (...args) => this.watchBy(args), { description: "Watch by this definition from here on: {definition}." });
    setHandler(checkSignal, () => void (this.called = true), { description: "Look now." });
    setHandler(checkUpdate, () => this.check(), { description: "Look now, and say what was found." });
    setHandler(setThresholdUpdate, (...args) => this.setThreshold(args), { validator: shaped, description: 'Change when a metric alarms: {"metric", "threshold": "auto" | "off" | {"above", "below"} | null, "by", "reason"}.' });
    setHandler(latestQuery, () => this.status(), { description: "How the watching stands." });
  }

  get isCalled(): boolean {
    return this.called;
  }

  get isFull(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= (this.events ?? Infinity);
  }

  status(): MonitoringStatus {
    const { pipeline, definition, watermark, cursor, latest, alarms, thresholds } = this.state;
    return { pipeline, definition, watermark, cursor, latest, alarms, thresholds, checkedAt: this.checkedAt, problem: this.failure ?? this.leftOut };
  }

  carried(): MonitoringState {
    return { ...this.state, ...(this.events === undefined ? {} : { events: this.events }) };
  }

  /** Looks once. What cannot be done now is told as a problem, and tried again. @returns milliseconds until the next look */
  async look(): Promise<number> {
    this.called = false;
    this.looking = true;
    try {
      const pauseMs = await this.windows();
      this.failure = null;
      this.called ||= pauseMs === 0;
      return Math.max(1, pauseMs);
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.failure = messageOf(error);
      return afterProblemMs;
    } finally {
      this.checkedAt = now();
      this.looking = false;
      this.looks++;
    }
  }

  /** @returns 0 where more windows may be over */
  private async windows(): Promise<number> {
    const { state } = this;
    const step: MonitorStep = { pipeline: state.pipeline, definition: state.definition };
    const closed = await quick.closeWindows({ ...step, cursor: state.cursor, newest: state.newest, limit: windowsALook });
    this.heard(closed);
    const observed: Observed[] = [];
    if (closed.windows.length > 0) {
      observed.push(await this.observe({ ...step, windows: closed.windows, labelled: [], until: null, load: state.load }));
      state.cursor = closed.windows.at(-1)!.to;
      state.load = null;
    }
    if (state.cursor !== null) observed.push(await this.late(step, state.cursor));
    if (observed.some(({ reports, problems }) => reports.length > 0 || problems.length > 0)) this.leftOut = observed.flatMap(({ problems }) => problems).join("; ").slice(0, 2_000) || null;
    return closed.windows.length > 0 ? 0 : closed.pollMs;
  }

  private heard({ watermark, newest, load }: Closed): void {
    this.state.watermark = watermark;
    this.state.newest = newest;
    this.state.load = addLoad(this.state.load, load);
  }

  private async late(step: MonitorStep, cursor: string): Promise<Observed> {
    const late = await heavyActivities().lateWindows({ ...step, cursor, seen: this.state.seen, told: this.state.lately, snapshot: this.state.snapshot });
    const isLate = late.windows.length > 0 || late.labelled.length > 0;
    const observed = isLate ? await this.observe({ ...step, windows: late.windows, labelled: late.labelled, until: cursor, load: null }) : { reports: [], problems: [] };
    this.state.seen = late.seen;
    this.state.lately = late.told ?? [];
    this.state.snapshot = late.snapshot ?? null;
    return observed;
  }

  private async observe(input: Parameters<ReturnType<typeof heavyActivities>["observeWindows"]>[0]): Promise<Observed> {
    const observed = await heavyActivities().observeWindows(input);
    if (observed.reports.length === 0) return observed;
    this.note(observed.reports);
    const { alarms, open } = await heavyActivities().judgeWindows({ pipeline: input.pipeline, definition: input.definition, reports: observed.reports.map(({ v, window }) => ({ v, window })), open: this.state.open, restated: input.until !== null });
    const doubted = isDataDoubted(this.state.open);
    this.state.open = open;
    for (const alarm of alarms) await this.tell(alarm);
    if (doubted && !isDataDoubted(open) && patched(tellsOfMending)) await this.tellMended();
    return observed;
  }

  private note(reports: readonly ObservedReport[]): void {
    const latest = new Map(this.state.latest.map((one) => [one.v, one]));
    for (const one of reports) if (Date.parse(one.window.from) >= Date.parse(latest.get(one.v)?.window.from ?? one.window.from)) latest.set(one.v, one);
    this.state.latest = [...latest.values()].sort((a, b) => Date.parse(b.window.from) - Date.parse(a.window.from) || b.v - a.v).slice(0, kept.versions);
  }

  /** An alarm is the cause of at most one run, for ever: `retraining` knows its id again, also where it was forgotten here. */
  private async tell(alarm: RaisedAlarm): Promise<void> {
    const { state } = this;
    if (state.told.includes(alarm.id)) return;
    const { id, kind, proposal, message } = alarm;
    await quick.signalRetraining({ pipeline: state.pipeline, definition: state.definition, asOf: laterOf(alarm.at, state.watermark), cause: { kind: "alarm", key: id, by: null }, alarm: { id, kind, proposal, message } });
    state.told = [...state.told, id].slice(-kept.told);
    state.alarms = [alarm, ...state.alarms].slice(0, kept.alarms);
  }

  /** Where nobody was ever blocked by it, nobody listens. */
  private async tellMended(): Promise<void> {
    await getExternalWorkflowHandle(`${this.state.pipeline}/retraining`).signal(mendedSignal).catch((error: unknown) => {
      if (isCancellation(error)) throw error;
    });
  }

  private watchBy(args: readonly unknown[]): void {
    const definition = readWatch(args);
    if (definition === null || definition.sha256 === this.state.definition.sha256) return;
    this.state.definition = definition;
    this.called = true;
  }

  private async check(): Promise<MonitoringStatus> {
    // The look that is under way may have passed what is asked about, so it is the one after it that counts; and what is over meanwhile is told of too.
    const wanted = this.looks + (this.looking ? 2 : 1);
    this.called = true;
    await condition(() => this.looks >= wanted && !this.called && !this.looking);
    return this.status();
  }

  private async setThreshold(args: readonly unknown[]): Promise<ThresholdChange> {
    const request = readSetThreshold(args);
    if ("problem" in request) throw ApplicationFailure.nonRetryable(request.problem, "InvalidInput");
    const change = await quick.recordThreshold({ pipeline: this.state.pipeline, change: { ...request, at: now() } });
    const entries = Object.entries<Threshold | null>({ ...this.state.thresholds, [change.metric]: change.threshold });
    this.state.thresholds = Object.fromEntries(entries.slice(-kept.thresholds));
    return change;
  }
}

function shaped(...args: unknown[]): void {
  const request = readSetThreshold(args);
  if ("problem" in request) throw ApplicationFailure.nonRetryable(request.problem, "InvalidInput");
}

/** What an activity says of its failure names the object and what to do; the causes below it do not. */
function messageOf(error: unknown): string {
  const told = error instanceof ActivityFailure && error.cause !== undefined ? error.cause : (error as Error);
  return told.message.slice(0, 2_000);
}

/** A run looks from now, in event time: what has landed by then is trained on, though the window that alarmed was closed before. */
const laterOf = (at: string, watermark: string | null): string => (watermark !== null && Date.parse(watermark) > Date.parse(at) ? watermark : at);

function detailsOf({ watermark, latest, alarms, problem }: MonitoringStatus): string {
  const reports = latest.map(({ v, window, rows, worst }) => `- version ${v}, until ${window.to}: ${counted(rows.base, "row")}${worst === null ? "" : `, largest PSI ${worst.psi.toPrecision(3)} of ${markdownText(worst.column)}`}`);
  const last = alarms.slice(0, 5).map(({ kind, at, message }) => `- **${kind}** at ${at}: ${markdownText(message)}`);
  return [`Event time has come to ${watermark ?? "nothing yet"}.`, ...reports, ...(last.length === 0 ? [] : ["", "Last alarms:", ...last]), ...(problem === null ? [] : ["", `**Problem**: ${markdownText(problem)}`])].join("\n");
}
