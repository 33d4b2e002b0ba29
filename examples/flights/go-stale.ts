import { setTimeout as sleep } from "node:timers/promises";
import type { Alarm } from "../../schemas/alarm.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { WindowReport } from "../../schemas/window-report.ts";
import { listAlarms, listDecisions } from "../../stores/alarms.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { nextPredictionHour } from "../../stores/prediction-times.ts";
import { openRegistry } from "../../stores/registry.ts";
import { lastWindowReports } from "../../stores/window-reports.ts";
import { openServing, type Serving, type ServingParts } from "./serving.ts";

const week = 7 * 86_400_000;
/** By the clock on the wall: the log goes to the bucket every half minute. */
const patienceMs = 120_000;
const lookEveryMs = 500;

export interface Stale { readonly serving: Serving; readonly alarm: Alarm; readonly run: string }

/** The champion answers a month as it happened, its labels come back, and the windows see it go stale, until an alarm starts a run. */
export async function goStale(parts: ServingParts, v: number, month: { readonly first: number; readonly from: string; readonly to: string }): Promise<Stale> {
  const { deps, deps: { store }, stage: { say, signal } } = parts;
  const version = await openRegistry(store, "flights").version(v);
  if (version === null) throw new RelearnError("NotFound", `flights has no version ${v}`);
  const serving = await openServing(parts, version, month.first);
  for (let at = Date.parse(month.from) + week; ; at += week) {
    const end = new Date(Math.min(at, Date.parse(month.to))).toISOString();
    await serving.serveUntil(end);
    say(`${end.slice(0, 10)}  ${serving.answers.all.length.toLocaleString("en")} flights were answered, ${serving.answers.failures.length} failed`);
    await serving.sendLabels();
    if (end === new Date(month.to).toISOString()) break;
  }
  say("\nThe log goes to the bucket, every half minute ...");
  await logHolds(parts, serving.answers.all.at(-1)!.flight.at);
  say("... and its windows are told of, day by day:");
  const monitoring = deps.workflows.getHandle("flights/monitoring");
  let looking: Promise<unknown> | null = null;
  for (const told = new Set<string>(), end = Date.now() + patienceMs; Date.now() < end; await sleep(lookEveryMs, undefined, { signal })) {
    // By itself it looks every few minutes; a month that is replayed in half a minute would have to wait for that.
    looking ??= monitoring.executeUpdate("check").catch(() => null).finally(() => (looking = null));
    for (const report of await lastWindowReports(store, { model: "flights", v }, 40)) if (!told.has(keyOf(report))) say(lineOf(report, told));
    const found = await answered(store);
    if (found !== null) return { serving, ...found };
  }
  throw new RelearnError("NotFound", `no alarm started a run within ${patienceMs / 1_000} s: look at \`relearn monitor status flights\``);
}

/** An alarm's run looks from the time to which the log has come. */
async function logHolds({ deps: { store }, stage: { signal } }: ServingParts, at: string): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(lookEveryMs, undefined, { signal })) {
    if ((await nextPredictionHour(store, "flights", Date.parse(at) - (Date.parse(at) % 3_600_000))) !== null) return;
  }
  throw new RelearnError("StoreUnavailable", `the log of ${at} was not in the bucket after ${patienceMs / 1_000} s: look at the server's log`);
}

const keyOf = ({ window, revision }: WindowReport): string => `${window.from} ${revision}`;

function lineOf(report: WindowReport, told: Set<string>): string {
  told.add(keyOf(report));
  const of = (metric: string) => report.metrics.find((one) => one.group === "quality" && one.metric === metric && one.subject === null && !one.estimated);
  const auc = of("auc");
  const quality = auc?.value == null ? "labels are awaited" : `AUC of the week ${auc.value.toFixed(3)} (${auc.low?.toFixed(3)} to ${auc.high?.toFixed(3)}), ${auc.reference?.toFixed(3)} on the holdout`;
  return `    ${report.window.from.slice(0, 10)}  ${String(report.rows.base).padStart(5)} flights  ${quality}${report.revision > 1 ? `  (restated: ${report.labels?.labelled.toLocaleString("en")} of ${report.labels?.rows.toLocaleString("en")} labels)` : ""}`;
}

/** The first alarm that a run answers. */
async function answered(store: ObjectStore): Promise<Pick<Stale, "alarm" | "run"> | null> {
  for await (const alarm of listAlarms(store, "flights")) {
    const run = (await listDecisions(store, "flights", alarm.id)).at(-1)?.run;
    if (run != null) return { alarm, run };
  }
  return null;
}
