import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, isCancellation, log, setHandler, workflowInfo } from "@temporalio/workflow";
import type { RunInput } from "../activities/contract.ts";
import { fold, isAsked, isSame, nextOf, readTrigger } from "../policy/retraining.ts";
import { merged, readConfigure } from "../policy/retrain-settings.ts";
import { answeredBy, type Decided, nextDueMs, settleCauses, unanswered, type Waiting } from "../policy/settle-causes.ts";
import type { AlarmRef } from "../schemas/alarm.ts";
import type { Trigger } from "../schemas/cause.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { RetrainChange } from "../schemas/retrain.ts";
import { quick, watch } from "./activity-proxies.ts";
import { configureUpdate, pauseSignal, resumeSignal, type RetrainingStatus, stateQuery, triggerSignal, unblockSignal } from "./messages.ts";

/** Carried from one execution to the next: plain JSON. */
export interface RetrainingState {
  readonly pipeline: string;
  readonly paused?: boolean;
  readonly queued?: readonly Trigger[];
  readonly running?: { readonly workflowId: string; readonly input: RunInput } | null;
  readonly started?: Readonly<Record<string, string>>;
  readonly waiting?: readonly Waiting[];
  /** The alarm that says the data is broken. */
  readonly blocked?: AlarmRef | null;
  /** What people changed of the definition's settings. */
  readonly change?: RetrainChange;
  /** Alarms that found the queue full, by id: its run answers them too. */
  readonly overflow?: readonly string[];
  /** The newest that any cause brought. */
  readonly definition?: BlobRef | null;
  /** Whether newly landed data is looked for. */
  readonly onData?: boolean;
}

type Live = { -readonly [K in keyof Required<RetrainingState>]: Required<RetrainingState>[K] } & { problem: string | null; decisions: readonly Decided[] };

const rememberedCauses = 50;
const rememberedDecisions = 20;
const mostOverflow = 10_000;
const lookForDataMs = 60_000;
const nothing = { paused: false, queued: [], running: null, started: {}, waiting: [], blocked: null, change: {}, overflow: [], definition: null, onData: false };

/**
 * One per pipeline, for ever: one run at a time, and causes that ask for the same folded into one queued run. What nobody asked for waits for
 * cooldown, budgets and broken data; every alarm ends in a recorded decision.
 */
export async function retraining(input: RetrainingState): Promise<void> {
  if (typeof input?.pipeline !== "string") throw ApplicationFailure.nonRetryable("retraining needs {pipeline}", "InvalidInput");
  const state: Live = { ...nothing, ...input, problem: null, decisions: [] };
  listen(state);
  for (;;) {
    if (state.running === null) {
      if (await somethingToDo(state)) await startNext(state);
      else if (!workflowInfo().continueAsNewSuggested) await whenTimeIsUp(state);
    }
    const { running } = state;
    if (running !== null) await untilEnd(state, running.workflowId);
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      const { problem: _problem, decisions: _decisions, ...carried } = state;
      await continueAsNew<typeof retraining>(carried);
    }
  }
}

function listen(state: Live): void {
  setHandler(triggerSignal, (...args: unknown[]) => {
    const trigger = readTrigger(args, state.pipeline);
    if (trigger === null) log.warn("a trigger that is none was ignored");
    else if (!(trigger.cause.key in state.started)) take(state, trigger);
  }, { description: "Folds one cause {cause, asOf, definition, pipeline} into the next run; with {version} that version is evaluated again." });
  setHandler(pauseSignal, () => void (state.paused = true), { description: "Starts no further run." });
  setHandler(resumeSignal, () => void (state.paused = false), { description: "Starts runs again." });
  setHandler(unblockSignal, () => {
    state.blocked = null;
    lookAgain(state);
  }, { description: "The data is mended: causes that waited for it are judged again." });
  setHandler(configureUpdate, async (...args: unknown[]) => {
    const { change, by, reason } = configuration(args);
    await quick.recordChange({ model: state.pipeline, by, reason, change });
    state.change = merged(state.change, change);
    state.onData = change.onData ?? state.onData;
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

/** Queues a cause. What waits is judged anew beside it: it may be later now. */
function take(state: Live, trigger: Trigger): void {
  state.definition = trigger.definition;
  const queued = fold(state.queued, trigger);
  const isNew = queued === state.queued && !queued.some((other) => isSame(other, trigger));
  if (isNew && trigger.alarm !== undefined && state.overflow.length < mostOverflow) state.overflow = [...state.overflow, trigger.alarm.id];
  state.queued = queued;
  lookAgain(state);
}

function lookAgain(state: Live): void {
  const waited = state.waiting.map(({ trigger }) => trigger);
  state.waiting = [];
  for (const trigger of waited) take(state, trigger);
}

/** @returns false where a time has come instead, or this execution has become long */
async function somethingToDo(state: Live): Promise<boolean> {
  const isReady = (): boolean => state.queued.length > 0 && !state.paused;
  const due = nextDueMs(state.waiting, Date.now());
  const limits = [...(due === null ? [] : [due]), ...(state.onData && !state.paused ? [lookForDataMs] : [])];
  const look = (): boolean => isReady() || workflowInfo().continueAsNewSuggested;
  if (limits.length === 0) await condition(look);
  else await condition(look, Math.min(...limits));
  return isReady();
}

async function whenTimeIsUp(state: Live): Promise<void> {
  if (state.onData && state.definition !== null && !state.paused) {
    const found = await quick.newData({ pipeline: state.pipeline, definition: state.definition });
    if (found !== null && !(found.cause.key in state.started)) return take(state, found);
  }
  lookAgain(state);
}

/** Judges the causes that ask for the same as the first, and starts the run that answers those that may. What cannot be planned is dropped with its reason, never tried for ever. */
async function startNext(state: Live): Promise<void> {
  const next = nextOf(state.queued);
  const alike = (trigger: Trigger): boolean => next.includes(trigger);
  try {
    const start = await judged(state, next);
    if (start.length > 0) await startRun(state, start);
    state.problem = null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.problem = messageOf(error);
    state.started = remember(state.started, next, "");
    await decide(state, unanswered(next, takeOverflow(state), state.problem));
  }
  state.queued = state.queued.filter((trigger) => !alike(trigger));
  if (state.queued.length > 0) lookAgain(state);
}

/** What a person asks for is not judged. @returns those that start */
async function judged(state: Live, next: readonly Trigger[]): Promise<readonly Trigger[]> {
  if (next.every(isAsked)) return next;
  const { verdicts, onData } = await quick.mayRetrain({ triggers: next, change: state.change, blockedBy: state.blocked?.message ?? null });
  const { start, waiting, dropped, decided, broken } = settleCauses(next, verdicts);
  state.onData = onData;
  state.blocked = broken ?? state.blocked;
  state.started = remember(state.started, dropped, "");
  state.waiting = [...state.waiting, ...waiting];
  await decide(state, decided);
  return start;
}

async function startRun(state: Live, triggers: readonly Trigger[]): Promise<void> {
  const plan = await quick.planRun({ triggers });
  if (plan.status === "planned") await quick.startRun({ workflowId: plan.workflowId, input: plan.input });
  state.started = remember(state.started, triggers, plan.workflowId);
  state.running = plan.status === "planned" ? { workflowId: plan.workflowId, input: plan.input } : null;
  if (plan.status === "planned") state.onData = state.change.onData ?? plan.onData ?? false;
  await decide(state, answeredBy(triggers, takeOverflow(state), plan.workflowId));
}

function takeOverflow(state: Live): readonly string[] {
  const { overflow } = state;
  state.overflow = [];
  return overflow;
}

async function decide(state: Live, decisions: readonly Decided[]): Promise<void> {
  if (decisions.length === 0) return;
  await quick.recordDecisions({ model: state.pipeline, decisions });
  state.decisions = [...decisions.toReversed(), ...state.decisions].slice(0, rememberedDecisions);
}

/** Waits for the running run's end; looks up early only to continue as new, and then finds the run again. */
async function untilEnd(state: Live, workflowId: string): Promise<void> {
  const ended = watch.awaitRun({ workflowId }).then(() => true);
  ended.catch(() => undefined);
  let done = false;
  const settled = ended.then(() => void (done = true), () => void (done = true));
  await condition(() => done || workflowInfo().continueAsNewSuggested);
  if (!done) return;
  await settled;
  state.running = null;
}

function remember(started: Readonly<Record<string, string>>, triggers: readonly Trigger[], workflowId: string): Record<string, string> {
  const entries = [...Object.entries(started), ...triggers.map((trigger) => [trigger.cause.key, workflowId] as const)];
  return Object.fromEntries(entries.slice(-rememberedCauses));
}

function statusOf({ paused, running, queued, started, problem, waiting, blocked, change, decisions }: Live): RetrainingStatus {
  const runs = running === null ? null : { workflowId: running.workflowId, causes: running.input.causes.map((cause) => cause.key) };
  return { paused, running: runs, queued, started, problem, waiting, blocked, change, decisions };
}

function messageOf(error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause;
  return cause?.message ?? (error as Error).message;
}
