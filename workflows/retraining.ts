import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, isCancellation, log, patched, setHandler, workflowInfo } from "@temporalio/workflow";
import { isAsked, nextOf, readAlarm, readTrigger } from "../policy/retraining.ts";
import { merged, readConfigure } from "../policy/retrain-settings.ts";
import { answeredBy, type Decided, ignored, isDue, nextDueMs, settleCauses, unanswered } from "../policy/settle-causes.ts";
import type { Trigger } from "../schemas/cause.ts";
import { quick, watch } from "./activity-proxies.ts";
import { blockSignal, configureUpdate, mendedSignal, pauseSignal, resumeSignal, stateQuery, triggerSignal, unblockSignal } from "./messages.ts";
import { begin, carriedOf, isKnown, type Live, lookAgain, markStarted, type RetrainingState, statusOf, take, takeOverflow, unqueue } from "./retraining-state.ts";

/** Far below what one payload may hold, and what an activity writes well within its time. */
const decisionsAtOnce = 250;
const rememberedDecisions = 20;
const lookForDataMs = 60_000;
/** Executions that began before it look with the next cause. */
const looksAtOnce = "looks-for-data-at-once";

/**
 * One per pipeline, for ever: one run at a time, and causes that ask for the same folded into one queued run. What nobody asked for waits for
 * cooldown, budgets and broken data; every alarm ends in a recorded decision.
 */
export async function retraining(input: RetrainingState): Promise<void> {
  if (typeof input?.pipeline !== "string") throw ApplicationFailure.nonRetryable("retraining needs {pipeline}", "InvalidInput");
  const state = begin(input);
  listen(state);
  for (;;) {
    if (state.running === null) {
      const found = await somethingToDo(state);
      await recordPending(state);
      if (found === "start") await startNext(state);
      if (found === "time") await whenTimeIsUp(state);
    }
    const { running } = state;
    if (running !== null) await untilEnd(state, running.workflowId);
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof retraining>(carriedOf(state));
    }
  }
}

function listen(state: Live): void {
  setHandler(triggerSignal, (...args: unknown[]) => {
    const trigger = readTrigger(args, state.pipeline);
    if (trigger === null) log.warn("a trigger that is none was ignored");
    else if (!isKnown(state, trigger)) take(state, trigger);
  }, { description: "Folds one cause {cause, asOf, definition, pipeline} into the next run; with {version} that version is evaluated again." });
  setHandler(pauseSignal, () => void (state.paused = true), { description: "Starts no further run." });
  setHandler(resumeSignal, () => {
    state.paused = false;
    lookForData(state);
  }, { description: "Starts runs again." });
  setHandler(blockSignal, (...args: unknown[]) => {
    const alarm = readAlarm(args[0]);
    if (alarm !== null) state.blocked = { ...alarm, asked: true };
  }, { description: "The data is broken, as an alarm shows {id, kind, proposal, message}: what nobody asked for waits until unblock." });
  setHandler(unblockSignal, () => {
    state.blocked = null;
    lookAgain(state);
  }, { description: "The data is mended: causes that waited for it are judged again." });
  setHandler(mendedSignal, () => {
    if (state.blocked === null || state.blocked.asked === true || state.blocked.kind === "external") return;
    state.blocked = null;
    lookAgain(state);
  }, { description: "What the monitoring found of the data has cleared: its own block ends, and a person's stays." });
  setHandler(configureUpdate, async (...args: unknown[]) => {
    const { change, by, reason } = configuration(args);
    await quick.recordChange({ model: state.pipeline, by, reason, change });
    state.change = merged(state.change, change);
    if (change.onData !== undefined) setOnData(state, change.onData);
    lookAgain(state);
    return state.change;
  }, { validator: (...args: unknown[]) => void configuration(args), description: "Changes settings of retrain: {change: {cooldown, maxPerMonth, ...}, by, reason}; null takes the definition's again." });
  setHandler(stateQuery, () => statusOf(state));
}

function configuration(args: readonly unknown[]) {
  const read = readConfigure(args);
  if (typeof read === "string") throw ApplicationFailure.nonRetryable(read, "InvalidInput");
  return read;
}

/** Waits until there is something to do. `time`: nothing but that the time has come to look at what waits. */
async function somethingToDo(state: Live): Promise<"start" | "time" | null> {
  const isReady = (): boolean => state.queued.length > 0 && !state.paused;
  const due = nextDueMs(state.waiting, Date.now());
  const limits = [...(due === null ? [] : [due]), ...(state.onData && !state.paused ? [lookForDataMs] : [])];
  const look = (): boolean => isReady() || state.isDataDue || state.unrecorded.length > 0 || workflowInfo().continueAsNewSuggested;
  const isFound = limits.length === 0 ? await condition(look).then(() => true) : await condition(look, Math.min(...limits));
  if (isReady()) return "start";
  return isFound && !state.isDataDue ? null : "time";
}

/** @param asked null: what the definition says, where a run has told it */
function setOnData(state: Live, asked: boolean | null): void {
  if (asked === null && !patched(looksAtOnce)) return;
  state.onData = asked ?? state.definedOnData ?? state.onData;
  lookForData(state);
}

/** Data is looked for again from now on: what landed while nobody looked is found at once. */
function lookForData(state: Live): void {
  if (state.onData && !state.paused && patched(looksAtOnce)) state.isDataDue = true;
}

async function whenTimeIsUp(state: Live): Promise<void> {
  state.isDataDue = false;
  if (state.onData && !state.paused) {
    const found = await orProblem(state, quick.newData({ pipeline: state.pipeline, definition: state.definition }));
    if (found !== undefined && found !== null && !isKnown(state, found)) return take(state, found);
  }
  if (isDue(state.waiting, Date.now())) lookAgain(state);
}

async function recordPending(state: Live): Promise<void> {
  const decided = state.unrecorded;
  await decide(state, decided);
  state.unrecorded = state.unrecorded.slice(decided.length);
}

/** Judges the causes that ask for the same as the first, and starts the run that answers those that may. What cannot be planned is dropped with its reason, never tried for ever. */
async function startNext(state: Live): Promise<void> {
  const next = nextOf(state.queued);
  state.problem = null;
  try {
    const start = await judged(state, next);
    if (start.length > 0) await startRun(state, start);
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.problem = messageOf(error);
    markStarted(state, next, "");
    unqueue(state, next);
    await decide(state, unanswered(next, takeOverflow(state), state.problem));
  }
  if (state.queued.length > 0) lookAgain(state);
}

/** What a person asks for is not judged. @returns those that start */
async function judged(state: Live, next: readonly Trigger[]): Promise<readonly Trigger[]> {
  if (next.every(isAsked)) return next;
  const { verdicts, onData, settings, budget } = await quick.mayRetrain({ triggers: next, change: state.change, blockedBy: state.blocked?.message ?? null });
  const { start, waiting, dropped, decided } = settleCauses(next, verdicts);
  state.onData = onData;
  state.standing = settings === undefined ? null : { settings, budget };
  markStarted(state, dropped, "");
  // In one step: a signal that comes while decisions are recorded must find each cause in one place.
  unqueue(state, next.filter((trigger) => !start.includes(trigger)));
  state.waiting = [...state.waiting, ...waiting];
  await decide(state, settings?.onDrift === false ? [...decided, ...ignored(takeOverflow(state))] : decided);
  return start;
}

async function startRun(state: Live, triggers: readonly Trigger[]): Promise<void> {
  const plan = await quick.planRun({ triggers });
  if (plan.status === "planned") await quick.startRun({ workflowId: plan.workflowId, input: plan.input });
  markStarted(state, triggers, plan.workflowId);
  unqueue(state, triggers);
  state.running = plan.status === "planned" ? { workflowId: plan.workflowId, input: plan.input } : null;
  if (plan.status === "planned") {
    state.definedOnData = plan.onData ?? false;
    state.onData = state.change.onData ?? state.definedOnData;
  }
  await decide(state, answeredBy(triggers, takeOverflow(state), plan.workflowId));
}

async function decide(state: Live, decisions: readonly Decided[]): Promise<void> {
  for (let from = 0; from < decisions.length; from += decisionsAtOnce) {
    await orProblem(state, quick.recordDecisions({ model: state.pipeline, decisions: decisions.slice(from, from + decisionsAtOnce) }));
  }
  state.decisions = [...decisions.toReversed(), ...state.decisions].slice(0, rememberedDecisions);
}

/** Waits for the running run's end, and records meanwhile what is decided. Looks up early only to continue as new, and then finds the run again. */
async function untilEnd(state: Live, workflowId: string): Promise<void> {
  const ended = watch.awaitRun({ workflowId }).then(() => true);
  ended.catch(() => undefined);
  let done = false;
  const settled = ended.then(() => void (done = true), () => void (done = true));
  for (;;) {
    await condition(() => done || state.unrecorded.length > 0 || workflowInfo().continueAsNewSuggested);
    await recordPending(state);
    if (done) break;
    if (workflowInfo().continueAsNewSuggested) return;
  }
  await settled;
  state.running = null;
}

/** What cannot be done, however often it is tried, is told as a problem: it must not end what goes on for ever. */
async function orProblem<T>(state: Live, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.problem = messageOf(error);
    return undefined;
  }
}

function messageOf(error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause;
  return cause?.message ?? (error as Error).message;
}
