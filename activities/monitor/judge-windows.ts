import type { Alarm, AlarmEvidence } from "../../schemas/alarm.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Monitors } from "../../schemas/monitors.ts";
import type { WindowReport } from "../../schemas/window-report.ts";
import { type AlarmDraft, judgeWindow, passedBy } from "../../policy/judge-window.ts";
import { sinceSilence, windowsLookedBackOn } from "../../policy/monitor-windows.ts";
import { thresholdsInForce } from "../../policy/thresholds-in-force.ts";
import { adjustedP } from "../../stats/benjamini-hochberg.ts";
import { putAlarm } from "../../stores/alarms.ts";
import { keyOf } from "../../stores/documents.ts";
import { openRegistry } from "../../stores/registry.ts";
import { listThresholdChanges } from "../../stores/threshold-changes.ts";
import { getWindowReport, lastWindowReports } from "../../stores/window-reports.ts";
import type { Activities, JudgeInput, JudgeState, RaisedAlarm } from "../contract.ts";
import type { Dependencies } from "../dependencies.ts";
import { announce } from "../support/announce.ts";
import { withHeartbeat } from "../support/heartbeat.ts";
import { alarmRaised } from "../support/notices.ts";
import { readDefinition } from "../support/read-definition.ts";

type Ports = Pick<Dependencies, "store" | "notices" | "workflows">;

/** Judges reports in the order of their windows, by the thresholds in force, and writes and tells each alarm once. Only who serves alarms: a version that went back, or was replaced, is nobody's trouble. */
export function createJudgeWindows(deps: Ports): Activities["judgeWindows"] {
  const { store } = deps;
  return (input) => withHeartbeat(async ({ signal }) => {
    const definition = await readDefinition(store, input.definition);
    const thresholds = thresholdsInForce(definition.monitors.thresholds, await listThresholdChanges(store, input.pipeline, signal));
    const settings: Monitors = { ...definition.monitors, thresholds };
    const champion = await openRegistry(store, input.pipeline).champion(signal);
    const open: Record<string, JudgeState> = { ...input.open };
    const alarms: RaisedAlarm[] = [];
    for (const { v, window } of input.reports) {
      const place = { model: input.pipeline, v };
      const report = await getWindowReport(store, place, window.from, signal);
      if (report === null || report.v !== champion?.v) continue;
      const history = sinceSilence(settings, await lastWindowReports(store, place, windowsLookedBackOn(settings), window.from, signal), window);
      const judged = judgeWindow({ settings, report: corrected(report), history, open: open[v] });
      if (input.restated !== true) for (const other of Object.keys(open)) open[other] = passedBy(open[other]!);
      open[v] = input.restated === true ? withFound(open[v], judged.open) : judged.open;
      for (const draft of judged.alarms) alarms.push(await raise(deps, input, definition, report, draft, signal));
    }
    return { alarms, open };
  });
}

/** A window that is judged again is no further window without a finding, so nothing comes nearer to its end by it. */
const withFound = (before: JudgeState = {}, after: JudgeState): JudgeState => ({ ...before, ...Object.fromEntries(Object.entries(after).filter(([, quiet]) => quiet === 0)) });

/** Columns are one question asked many times. */
function corrected(report: WindowReport): WindowReport {
  const asked = report.metrics.filter(({ group, metric, p }) => group === "input" && metric === "psi" && p !== null);
  const adjusted = new Map(adjustedP(asked.map(({ p }) => p as number)).map((p, i) => [asked[i], p]));
  return { ...report, metrics: report.metrics.map((metric) => (adjusted.has(metric) ? { ...metric, p: adjusted.get(metric)! } : metric)) };
}

async function raise(deps: Ports, { pipeline }: JudgeInput, { name }: Definition, { v, window }: WindowReport, draft: AlarmDraft, signal: AbortSignal): Promise<RaisedAlarm> {
  const alarm: Alarm = { version: 1, id: idOf(name, v, window.from, draft), pipeline, model: name, v, window, at: window.to, source: null, ...draft };
  await putAlarm(deps.store, alarm, signal);
  await announce(deps, alarmRaised(alarm));
  const { id, kind, shape, at, message, proposal } = alarm;
  return { id, v, kind, shape, at, window, message, proposal };
}

/** A window that is restated finds the same thing again: what it is found by may have another value by then, and speaks of the same. */
const idOf = (model: string, v: number, from: string, { kind, evidence }: AlarmDraft): string => keyOf("alarm", model, v, from, kind, subjectOf(evidence[0]));
const subjectOf = (evidence: AlarmEvidence | undefined): readonly (string | null)[] => (evidence === undefined ? [] : [evidence.metric, evidence.subject]);
