import type { AlarmDecision, AlarmRef, Remedy } from "../schemas/alarm.ts";
import type { Trigger } from "../schemas/cause.ts";
import type { Verdict } from "./may-retrain.ts";
import { alarmsStartNothing, isAsked } from "./retraining.ts";

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
  /** Left out: the policy. */
  readonly by?: string;
}

export interface Settled {
  /** Those that one run answers now. */
  readonly start: readonly Trigger[];
  readonly waiting: readonly Waiting[];
  readonly dropped: readonly Trigger[];
  readonly decided: readonly Decided[];
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
    return [{ alarm: alarm.id, decision: "ignore", reason: verdict.reason, run: null }];
  });
  return { start: starts ? triggers.filter((trigger) => !dropped.includes(trigger)) : [], waiting, dropped, decided };
}

/** What is decided about an alarm that asks for no run. Going back to another version is a person's to do. */
export function decidedAtOnce({ id, proposal }: AlarmRef, pipeline: string): Decided {
  const command = proposal === "roll-back" ? `; a person does it: relearn rollback ${pipeline} --reason "alarm ${id.slice(0, 12)}"` : "";
  return { alarm: id, decision: proposal, reason: `the alarm asks for: ${proposal}${command}`, run: null };
}

/** An alarm that found the queue full: what is queued asks for the same run. */
export const foldedAway = ({ id }: AlarmRef): Decided => ({ alarm: id, decision: "retrain", reason: "folded into the queued run, whose list of causes is full", run: null });

/** Alarms that found the queue full, where no alarm starts a run. */
export const ignored = (alarms: readonly string[]): readonly Decided[] => alarms.map((alarm) => ({ alarm, decision: "ignore", reason: alarmsStartNothing, run: null }));

/** The alarms among causes that a run answers, as decisions: a person's, where one asked for the run. */
export function answeredBy(triggers: readonly Trigger[], overflow: readonly string[], run: string): readonly Decided[] {
  const asker = triggers.find(isAsked);
  const by = asker === undefined ? {} : { by: asker.cause.by === null ? "a person" : `${asker.cause.by} (claimed)` };
  return alarmsOf(triggers, overflow).map((alarm) => ({ alarm, decision: "retrain", reason: `answered by ${run}`, run, ...by }));
}

/** Alarms whose run could not be planned. */
export const unanswered = (triggers: readonly Trigger[], overflow: readonly string[], problem: string): readonly Decided[] =>
  alarmsOf(triggers, overflow).map((alarm) => ({ alarm, decision: "ignore", reason: `its run could not be planned: ${problem}`.slice(0, 1_000), run: null }));

const alarmsOf = (triggers: readonly Trigger[], overflow: readonly string[]): readonly string[] => [...triggers.flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm.id])), ...overflow];

/**
 * Whether what the policy decides goes on the record: an alarm is decided once, and what a person has decided stands. A later decision only
 * adds which run it is.
 */
export function isNewDecision(before: readonly AlarmDecision[], { decision, by, run }: Pick<AlarmDecision, "decision" | "by" | "run">): boolean {
  const last = before.at(-1);
  return last === undefined || by !== "policy" || (last.decision === decision && last.run === null && run !== null);
}

/** A time that came this recently may not have come yet by the clock of whoever judges: it is asked again. */
const recentMs = 3_600_000;
const againMs = 60_000;

/** Milliseconds from `now` until the first that waits for a time is to be judged again; null where none is by the wall clock. */
export function nextDueMs(waiting: readonly Waiting[], now: number): number | null {
  const away = waiting.flatMap(({ until }) => (until === null ? [] : [Date.parse(until) - now])).filter((ms) => ms >= -recentMs);
  return away.length === 0 ? null : Math.min(...away.map((ms) => (ms > 0 ? ms : againMs)));
}

/** Whether the time has come that any of them waits for. */
export const isDue = (waiting: readonly Waiting[], now: number): boolean => waiting.some(({ until }) => until !== null && Date.parse(until) <= now && now - Date.parse(until) <= recentMs);
