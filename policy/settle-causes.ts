import type { AlarmRef, Remedy } from "../schemas/alarm.ts";
import type { Trigger } from "../schemas/cause.ts";
import type { Verdict } from "./may-retrain.ts";

/** A cause that starts nothing yet. `until`: an instant of the pipeline's own time; null: until a person says so. */
export interface Waiting {
  readonly trigger: Trigger;
  readonly until: string | null;
  readonly reason: string;
  /** It only proposes: a person starts it. */
  readonly proposed: boolean;
}

/** What was decided about an alarm. */
export interface Decided {
  readonly alarm: string;
  readonly decision: Remedy;
  readonly reason: string;
  readonly run: string | null;
}

export interface Settled {
  /** Those that one run answers now. */
  readonly start: readonly Trigger[];
  readonly waiting: readonly Waiting[];
  readonly dropped: readonly Trigger[];
  readonly decided: readonly Decided[];
  /** The alarm that says the data is broken, where one of these does. */
  readonly broken: AlarmRef | null;
}

/** Once one cause starts a run, it answers all that would have waited: they ask for the same. */
export function settleCauses(triggers: readonly Trigger[], verdicts: readonly Verdict[]): Settled {
  const judged = triggers.map((trigger, i) => ({ trigger, verdict: verdicts[i] ?? ({ answer: "start" } as const) }));
  const dropped = judged.filter(({ verdict }) => verdict.answer === "drop").map(({ trigger }) => trigger);
  const starts = judged.some(({ verdict }) => verdict.answer === "start");
  const waiting = judged.flatMap(({ trigger, verdict }): Waiting[] => {
    if (starts || verdict.answer === "drop" || verdict.answer === "start") return [];
    return [{ trigger, until: verdict.answer === "wait" ? verdict.until : null, reason: verdict.reason, proposed: verdict.answer === "propose" }];
  });
  const decided = judged.flatMap(({ trigger: { alarm }, verdict }): Decided[] => {
    if (alarm === undefined || verdict.answer !== "drop") return [];
    return [{ alarm: alarm.id, decision: alarm.proposal === "retrain" ? "ignore" : alarm.proposal, reason: verdict.reason, run: null }];
  });
  const broken = dropped.findLast(({ alarm }) => alarm?.proposal === "fix-data")?.alarm ?? null;
  return { start: starts ? triggers.filter((trigger) => !dropped.includes(trigger)) : [], waiting, dropped, decided, broken };
}

/** The alarms among causes that a run answers, as decisions. */
export const answeredBy = (triggers: readonly Trigger[], overflow: readonly string[], run: string): readonly Decided[] =>
  [...triggers.flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm.id])), ...overflow].map((alarm) => ({ alarm, decision: "retrain", reason: `answered by ${run}`, run }));

/** Alarms whose run could not be planned. */
export const unanswered = (triggers: readonly Trigger[], overflow: readonly string[], problem: string): readonly Decided[] =>
  [...triggers.flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm.id])), ...overflow].map((alarm) => ({ alarm, decision: "ignore", reason: `its run could not be planned: ${problem}`, run: null }));

/** Milliseconds from `now` until the first that waits for a time to come; null where none does by the wall clock. */
export function nextDueMs(waiting: readonly Waiting[], now: number): number | null {
  const times = waiting.flatMap(({ until }) => (until === null || Date.parse(until) <= now ? [] : [Date.parse(until) - now]));
  return times.length === 0 ? null : Math.min(...times);
}
