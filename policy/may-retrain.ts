import { addDuration, floorTo } from "../schemas/calendar.ts";
import type { AlarmDecision } from "../schemas/alarm.ts";
import type { Cause, Trigger } from "../schemas/cause.ts";
import type { RetrainSettings } from "../schemas/retrain.ts";
import { counted } from "./counted.ts";
import { alarmsStartNothing, isAsked } from "./retraining.ts";

/** A run that was started, as far as budgets care. */
export interface PastRun {
  readonly asOf: string;
  readonly causes: readonly Cause[];
  /** Whether it trains, or did: one that ended before, held, refused or cancelled, has used nothing. */
  readonly trains: boolean;
  /** Hours of accelerators that its training took. */
  readonly gpuHours: number;
}

/** What becomes of one cause, and why. `until`: an instant of the pipeline's own time; null: until a person says so. */
export type Verdict =
  | { readonly answer: "start" }
  | { readonly answer: "wait"; readonly until: string | null; readonly reason: string }
  | { readonly answer: "propose"; readonly reason: string }
  | { readonly answer: "drop"; readonly reason: string };

export interface Asked {
  readonly settings: RetrainSettings;
  /** IANA zone in which months begin. */
  readonly timezone: string;
  readonly trigger: Trigger;
  /** The pipeline's own time: the newest time of any cause, or the wall clock where those lie close to it. */
  readonly now: string;
  /** Newest first. */
  readonly past: readonly PastRun[];
  /** The alarm that says the data is broken; null while none does. */
  readonly blockedBy: string | null;
  /** What was decided about the trigger's alarm before; null where nothing was. */
  readonly decided: Pick<AlarmDecision, "decision" | "by" | "run"> | null;
}

/**
 * Whether a cause starts a run now. A person's always does. Any other waits while data is known to be broken, and for the budgets; one that no
 * schedule foresaw waits for the cooldown too. An alarm is answered once, and one that a person wants to be left alone starts nothing.
 */
export function mayRetrain(asked: Asked): Verdict {
  const { trigger, settings, blockedBy, decided } = asked;
  if (isAsked(trigger)) return { answer: "start" };
  if (decided !== null && decided.run !== null) return { answer: "drop", reason: `${decided.run} has answered the alarm` };
  if (decided !== null && decided.decision !== "retrain") return { answer: "drop", reason: `${decided.by} has decided about the alarm: ${decided.decision}` };
  if (trigger.alarm !== undefined && !settings.onDrift) return { answer: "drop", reason: alarmsStartNothing };
  if (trigger.cause.kind === "data" && !settings.onData) return { answer: "drop", reason: "retrain.onData is false" };
  if (blockedBy !== null) return { answer: "wait", until: null, reason: `its data is said to be broken: ${blockedBy}` };
  if (settings.mode === "manual") return { answer: "propose", reason: "retrain.mode is manual: `relearn retraining trigger` runs it" };
  return waiting(asked) ?? { answer: "start" };
}

function waiting({ settings, timezone, trigger, now, past }: Asked): Verdict | null {
  const cooldown = trigger.cause.kind === "schedule" ? null : cooldownEnd(settings, timezone, past, now);
  if (cooldown !== null && Date.parse(cooldown) > Date.parse(now)) return { answer: "wait", until: cooldown, reason: `within the cooldown of ${settings.cooldown} after the run as of ${lastAsOf(settings, timezone, past, now)}` };
  const used = budgetUsed(past, now, timezone);
  const next = nextMonth(now, timezone);
  if (settings.maxPerMonth !== undefined && used.runs >= settings.maxPerMonth) return { answer: "wait", until: next, reason: `${used.runs} of ${counted(settings.maxPerMonth, "run")} used this month (retrain.maxPerMonth)` };
  if (settings.gpuHoursPerMonth !== undefined && used.gpuHours >= settings.gpuHoursPerMonth) return { answer: "wait", until: next, reason: `${used.gpuHours.toFixed(1)} of ${counted(settings.gpuHoursPerMonth, "accelerator hour")} used this month (retrain.gpuHoursPerMonth)` };
  return null;
}

/** When the cooldown after the newest run is over; null before the first, and without one. */
export function cooldownEnd(settings: Pick<RetrainSettings, "cooldown">, timezone: string, past: readonly PastRun[], now: string): string | null {
  const last = lastAsOf(settings, timezone, past, now);
  return last === null || !/[1-9]/.test(settings.cooldown) ? null : addDuration(last, settings.cooldown, timezone);
}

/** Of the newest run. Those as of long after `now` are another time's: the past is replayed beside it. */
function lastAsOf({ cooldown }: Pick<RetrainSettings, "cooldown">, timezone: string, past: readonly PastRun[], now: string): string | null {
  const reached = Date.parse(addDuration(now, cooldown, timezone));
  return past.filter(({ asOf }) => Date.parse(asOf) <= reached).reduce<string | null>((best, { asOf }) => (best === null || Date.parse(asOf) > Date.parse(best) ? asOf : best), null);
}

/** Runs that train, and hours of accelerators that they took, as of the calendar month of `now`: what a person asked for counts too. */
export function budgetUsed(past: readonly PastRun[], now: string, timezone: string): { readonly runs: number; readonly gpuHours: number } {
  const from = Date.parse(monthStart(now, timezone));
  const to = Date.parse(nextMonth(now, timezone));
  const here = past.filter(({ asOf, trains }) => trains && Date.parse(asOf) >= from && Date.parse(asOf) < to);
  return { runs: here.length, gpuHours: here.reduce((sum, { gpuHours }) => sum + gpuHours, 0) };
}

/** Runs that started before this say nothing: as of then, neither cooldown nor month reaches them. */
export function horizonOf({ cooldown }: Pick<RetrainSettings, "cooldown">, now: string, timezone: string): string {
  const times = [monthStart(now, timezone), addDuration(now, cooldown, timezone, -1)];
  return times.sort((a, b) => Date.parse(a) - Date.parse(b))[0]!;
}

function monthStart(at: string, timezone: string): string {
  const today = floorTo("day", at, timezone);
  const day = Number(new Intl.DateTimeFormat("en", { timeZone: timezone, day: "numeric" }).format(new Date(today)));
  return addDuration(today, `P${day - 1}D`, timezone, -1);
}

const nextMonth = (at: string, timezone: string): string => addDuration(monthStart(at, timezone), "P1M", timezone);
