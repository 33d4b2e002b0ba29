import type { Judged } from "../../activities/contract.ts";
import { count, counted } from "../../policy/counted.ts";
import type { RetrainChange, RetrainSettings } from "../../schemas/retrain.ts";
import type { RetrainingStatus } from "../../workflows/messages.ts";
import type { Cli } from "./cli.ts";
import { shortTime } from "./format.ts";
import { queueText } from "./queued-runs.ts";
import { type Awaited, waitingText } from "./start-run.ts";
import { plain } from "./style.ts";

/** What runs, what waits and why. */
export function retrainingText(style: Cli["style"], pipeline: string, { paused, running, queued, waiting, blocked, decisions, problem }: RetrainingStatus, awaited: Awaited): string {
  const lines = [
    `${pipeline}: ${paused ? style.yellow("paused, starts no run") : running === null ? "nothing runs" : `${running.workflowId} runs, for ${counted(running.causes.length, "cause")}${awaited === null ? "" : waitingText[awaited]}`}`,
    ...(blocked === null ? [] : [style.red(`its data is said to be broken: ${plain(blocked.message)}`)]),
    ...(problem === null ? [] : [style.red(`what was tried last could not be done: ${plain(problem)}`)]),
    ...queueText(queued),
    ...waiting.map(({ trigger, until, reason, proposed }) => `${proposed ? "proposed" : "waits"}: ${trigger.cause.kind} as of ${shortTime(trigger.asOf)}${until === null ? "" : ` until ${shortTime(until)}`}: ${plain(reason)}`),
    ...decisions.slice(0, 5).map(({ alarm, decision, reason }) => `alarm ${alarm.slice(0, 12)}: ${decision}: ${plain(reason)}`),
  ];
  return lines.join("\n");
}

export type Standing = Judged["budget"] & { readonly asOf: string; readonly settings: RetrainSettings };

/** The settings in force, each that a person changed marked so, and what is used of the budgets. */
export function standingText({ settings, asOf, runs, gpuHours, cooldownEnd }: Standing, change: RetrainChange): string {
  const { schedule: _, ...all } = settings;
  const inForce = Object.entries(all).map(([name, value]) => `${name}=${String(value)}${Object.hasOwn(change, name) ? " (changed)" : ""}`);
  const cooling = cooldownEnd !== null && Date.parse(cooldownEnd) > Date.parse(asOf) ? `, within the cooldown until ${shortTime(cooldownEnd)}` : "";
  const used = settings.maxPerMonth === undefined ? counted(runs, "run") : `${count(runs)} of ${counted(settings.maxPerMonth, "run")}`;
  const hours = settings.gpuHoursPerMonth === undefined ? "" : `, ${gpuHours.toFixed(1)} of ${settings.gpuHoursPerMonth} accelerator hours`;
  return `settings: ${inForce.join(" ")}\nthis month, as of ${shortTime(asOf)}: ${used}${hours}${cooling}`;
}

export const settingText = (change: object): string => Object.entries(change).map(([name, value]) => `${name}=${value === null ? "default" : String(value)}`).join(" ");
