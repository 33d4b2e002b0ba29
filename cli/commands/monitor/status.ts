import { counted } from "../../../policy/counted.ts";
import type { Alarm } from "../../../schemas/alarm.ts";
import type { WindowReport } from "../../../schemas/window-report.ts";
import { listAlarms } from "../../../stores/alarms.ts";
import { watchedVersions } from "../../../stores/base-windows.ts";
import type { ObjectStore } from "../../../stores/object-store.ts";
import { inParallel } from "../../../stores/parallel.ts";
import { lastWindowReports } from "../../../stores/window-reports.ts";
import type { MonitoringStatus } from "../../../workflows/messages.ts";
import { readLimit, readName } from "../../support/arguments.ts";
import type { Cli } from "../../support/cli.ts";
import { shortTime } from "../../support/format.ts";
import { knownModel } from "../../support/known-model.ts";
import { monitoringStatus } from "../../support/monitoring.ts";
import { withStore } from "../../support/store.ts";
import { plain } from "../../support/style.ts";
import { withTemporal } from "../../support/temporal.ts";
import { thresholdText, windowsTable } from "../../support/window-text.ts";

const mostAlarms = 100;

/** What the last windows were like, what alarmed, and how the watching itself stands. */
export async function status(cli: Cli, given: string, { limit }: { readonly limit: string }): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  const { reports, alarms } = await withStore(settings, async (store) => {
    await knownModel(store, pipeline);
    return lastOf(store, pipeline, readLimit(limit));
  });
  const watching = await withTemporal(settings, (access) => monitoringStatus(access, pipeline));
  cli.give({ pipeline, watching, windows: reports, alarms }, textOf(cli, pipeline, reports, alarms, watching));
  cli.say(cli.style.dim(watching === null ? `next: relearn monitor check ${pipeline}` : reports.length === 0 ? `next: relearn monitor check ${pipeline}` : `next: relearn monitor show ${pipeline}`));
}

/** Newest first. */
async function lastOf(store: ObjectStore, pipeline: string, limit: number): Promise<{ readonly reports: readonly WindowReport[]; readonly alarms: readonly Alarm[] }> {
  const versions = await watchedVersions(store, pipeline);
  const all = (await inParallel(versions, 8, (v) => lastWindowReports(store, { model: pipeline, v }, limit))).flat();
  const reports = all.sort((a, b) => Date.parse(b.window.from) - Date.parse(a.window.from) || b.v - a.v).slice(0, limit);
  const oldest = reports.at(-1)?.window.from;
  const alarms: Alarm[] = [];
  if (oldest !== undefined) for await (const alarm of listAlarms(store, pipeline)) {
    if (Date.parse(alarm.at) < Date.parse(oldest) || alarms.length >= mostAlarms) break;
    alarms.push(alarm);
  }
  return { reports, alarms };
}

function textOf({ style, width }: Cli, pipeline: string, reports: readonly WindowReport[], alarms: readonly Alarm[], watching: MonitoringStatus | null): string {
  const changed = Object.entries(watching?.thresholds ?? {}).map(([metric, threshold]) => `${plain(metric)} ${thresholdText(threshold)}`);
  return [
    watching === null ? `nothing watches ${pipeline} just now: the promotion of a version starts that, and so does \`relearn monitor check ${pipeline}\`` : style.bold(`${pipeline}: event time has come to ${watching.watermark === null ? "nothing yet" : shortTime(watching.watermark)}, told of until ${watching.cursor === null ? "nothing yet" : shortTime(watching.cursor)}`),
    ...(watching?.problem == null ? [] : [style.red(`problem: ${plain(watching.problem)}`)]),
    ...(changed.length === 0 ? [] : [`thresholds changed: ${changed.join("; ")}`]),
    ...(reports.length === 0 ? ["no window is over yet"] : ["", windowsTable(reports, alarms, width)]),
    ...(alarms.length === 0 ? [] : ["", counted(alarms.length, "alarm"), ...alarms.slice(0, 10).map(({ at, kind, message }) => `  ${shortTime(at)}  ${kind}: ${plain(message)}`)]),
  ].join("\n");
}
