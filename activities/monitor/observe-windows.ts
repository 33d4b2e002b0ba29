import type { Window } from "../../schemas/time.ts";
import type { WindowReport } from "../../schemas/window-report.ts";
import { headlineQuality } from "../../policy/headline-quality.ts";
import { spanOver } from "../../policy/monitor-windows.ts";
import { addDuration } from "../../schemas/calendar.ts";
import type { Definition } from "../../schemas/definition.ts";
import { newestAccepted } from "../../stores/accepted-snapshots.ts";
import { listBaseWindows, watchedVersions } from "../../stores/base-windows.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import type { Activities, ObservedReport, ObserveInput } from "../contract.ts";
import type { Dependencies } from "../dependencies.ts";
import { type Pulse, withHeartbeat } from "../support/heartbeat.ts";
import { readDefinition } from "../support/read-definition.ts";
import { baseWindows, heldAgainst } from "./base-windows.ts";
import { type LabelFiles, withLabelFiles } from "./label-files.ts";
import { clockOf, reportWindow, type WindowQuality } from "./report-window.ts";
import { watchedVersion } from "./watched-version.ts";
import { windowQuality } from "./window-quality.ts";

type Ports = Pick<Dependencies, "store" | "scratch" | "now">;

interface Work {
  readonly deps: Ports;
  readonly input: ObserveInput;
  readonly definition: Definition;
  readonly quality: WindowQuality;
  readonly labels: LabelFiles;
  readonly pulse: Pulse;
}

/**
 * Counts what newly came in windows that are over, and tells what each version was like in them: one report a version and window. Where windows were told of
 * before, the reports of every later span that covers them are told anew too. Costs what the new rows cost: a span is a merge of counted windows.
 */
export function createObserveWindows(deps: Ports, quality: WindowQuality = windowQuality): Activities["observeWindows"] {
  return (input) => withHeartbeat((pulse) => withLabelFiles(deps, input.pipeline, pulse.signal, async (labels) => {
    const work: Work = { deps, input, definition: await readDefinition(deps.store, input.definition), quality, labels, pulse };
    const reports: ObservedReport[] = [];
    const problems: string[] = [];
    const changed: Window[] = [...input.labelled];
    const holdAgainst = await dataHolder(work);
    for (const window of input.windows) {
      const counted = await baseWindows(deps, { model: input.pipeline, definition: work.definition, window, load: input.load, signal: pulse.signal });
      problems.push(...counted.problems);
      if (counted.fresh) await holdAgainst(window);
      if (input.until === null) for (const { version } of counted.bases) reports.push(...(await report(work, version.v, version.digest, window)));
      else if (counted.fresh) changed.push(window);
    }
    for (const window of input.labelled) await holdAgainst(window);
    if (input.until !== null) reports.push(...(await restate(work, changed, input.until)));
    return { reports, problems: [...new Set(problems)].slice(0, 20) };
  }));
}

/** Training and serving must see the same: where data of a window has been prepared, its rows are held against it. */
async function dataHolder({ deps, input, definition, pulse: { signal } }: Work): Promise<(window: Window) => Promise<void>> {
  const newest = await newestAccepted(deps.store, input.pipeline, signal);
  if (newest === null) return async () => undefined;
  const snapshot = await readSnapshot(deps.store, input.pipeline, newest.snapshot, signal);
  return (window) => heldAgainst(deps, { model: input.pipeline, definition, window, signal }, snapshot);
}

/** Tells anew every report whose span covers one of these windows, oldest first. */
async function restate(work: Work, changed: readonly Window[], until: string): Promise<ObservedReport[]> {
  if (changed.length === 0) return [];
  const { deps, input: { pipeline }, definition, pulse: { signal } } = work;
  const clock = clockOf(definition);
  const from = changed.reduce((first, one) => (Date.parse(one.from) < Date.parse(first) ? one.from : first), changed[0]!.from);
  const last = changed.reduce((latest, { to }) => (Date.parse(to) > Date.parse(latest) ? to : latest), from);
  const end = Math.min(Date.parse(until), Date.parse(addDuration(last, definition.monitors.over, definition.timezone)));
  const reports: ObservedReport[] = [];
  for (const v of await watchedVersions(deps.store, pipeline, signal)) {
    for (const { window, digest } of await listBaseWindows(deps.store, pipeline, v, { from, to: new Date(end).toISOString() }, signal)) {
      const over = spanOver(clock, window);
      if (changed.some((one) => Date.parse(one.from) < Date.parse(over.to) && Date.parse(one.to) > Date.parse(over.from))) reports.push(...(await report(work, v, digest, window)));
    }
  }
  return reports.sort((a, b) => Date.parse(a.window.from) - Date.parse(b.window.from) || a.v - b.v);
}

async function report({ deps, input, definition, quality, labels, pulse: { signal } }: Work, v: number, digest: string, window: Window): Promise<ObservedReport[]> {
  const version = await watchedVersion(deps, input.pipeline, v, digest, signal);
  if (version === null) return [];
  const told = await reportWindow(deps, { model: input.pipeline, definition, version, window, labels, at: deps.now(), signal }, quality);
  return told === null ? [] : [summaryOf(told)];
}

/** The few figures of a report that a list shows. */
export function summaryOf({ v, window, revision, rows, metrics }: WindowReport): ObservedReport {
  const psis = metrics.filter((one) => one.group === "input" && one.metric === "psi" && one.value !== null && one.subject !== null);
  const worst = psis.reduce<WindowReport["metrics"][number] | null>((best, one) => (best === null || (one.value as number) > (best.value as number) ? one : best), null);
  const quality = headlineQuality(metrics);
  return {
    v, window, revision, rows, worst: worst === null ? null : { column: worst.subject as string, psi: worst.value as number },
    quality: quality === null ? null : { metric: quality.metric, value: quality.value as number, estimated: quality.estimated },
  };
}
