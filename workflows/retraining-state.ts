import type { RunInput } from "../activities/contract.ts";
import { asksNoRun, fold, isSame, maxCauses } from "../policy/retraining.ts";
import { type Decided, decidedAtOnce, foldedAway, type Waiting } from "../policy/settle-causes.ts";
import type { AlarmRef, DataBlock } from "../schemas/alarm.ts";
import type { Trigger } from "../schemas/cause.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { RetrainChange } from "../schemas/retrain.ts";
import type { RetrainingStatus } from "./messages.ts";

/** Carried from one execution to the next: plain JSON. */
export interface RetrainingState {
  readonly pipeline: string;
  readonly paused?: boolean;
  readonly queued?: readonly Trigger[];
  readonly running?: { readonly workflowId: string; readonly input: RunInput } | null;
  readonly started?: Readonly<Record<string, string>>;
  readonly waiting?: readonly Waiting[];
  /** The alarm that says the data is broken. */
  readonly blocked?: DataBlock | null;
  /** What people changed of the definition's settings. */
  readonly change?: RetrainChange;
  /** Alarms that found the queue full, by id: its run answers them too. */
  readonly overflow?: readonly string[];
  /** Decided, and not on the record yet. */
  readonly unrecorded?: readonly Decided[];
  /** The newest that any cause brought. */
  readonly definition?: BlobRef | null;
  /** Whether newly landed data is looked for. */
  readonly onData?: boolean;
  /** What the definition of the newest run says of that; null before there was one. */
  readonly definedOnData?: boolean | null;
}

/** What a `retraining` holds while it runs. */
export type Live = { -readonly [K in keyof Required<RetrainingState>]: Required<RetrainingState>[K] } & {
  problem: string | null;
  decisions: readonly Decided[];
  standing: RetrainingStatus["standing"];
  /** Newly landed data is to be looked for at once. */
  isDataDue: boolean;
};

/** More than one run answers, so that a cause that comes again is known again. */
const rememberedCauses = 2 * maxCauses;
const mostOverflow = 10_000;

const nothing = { paused: false, queued: [], running: null, started: {}, waiting: [], blocked: null, change: {}, overflow: [], unrecorded: [], definition: null, onData: false, definedOnData: null };

export const begin = (input: RetrainingState): Live => ({ ...nothing, ...input, problem: null, decisions: [], standing: null, isDataDue: false });

/** What the next execution begins with. */
export function carriedOf({ problem: _problem, decisions: _decisions, standing: _standing, isDataDue: _isDataDue, ...carried }: Live): RetrainingState {
  return carried;
}

/** Whether a cause has had its answer, or waits for it. */
export const isKnown = ({ started, waiting }: Live, trigger: Trigger): boolean => Object.hasOwn(started, trigger.cause.key) || waiting.some((one) => isSame(one.trigger, trigger));

/** Takes a cause in. What waits is judged anew beside it: it may be later now. */
export function take(state: Live, trigger: Trigger): void {
  if (asksNoRun(trigger)) return decideAtOnce(state, trigger);
  state.definition = trigger.definition;
  queue(state, { ...trigger, heardAt: new Date(Date.now()).toISOString() });
  lookAgain(state);
}

function queue(state: Live, trigger: Trigger): void {
  const queued = fold(state.queued, trigger);
  const isFull = queued === state.queued && !queued.some((other) => isSame(other, trigger));
  if (isFull && trigger.alarm !== undefined) keepAside(state, trigger.alarm);
  state.queued = queued;
}

function decideAtOnce(state: Live, trigger: Trigger): void {
  const alarm = trigger.alarm!;
  state.unrecorded = [...state.unrecorded, decidedAtOnce(alarm, state.pipeline)];
  markStarted(state, [trigger], "");
  if (alarm.proposal === "fix-data" && state.blocked?.asked !== true) state.blocked = alarm;
}

function keepAside(state: Live, alarm: AlarmRef): void {
  if (state.overflow.includes(alarm.id)) return;
  if (state.overflow.length < mostOverflow) state.overflow = [...state.overflow, alarm.id];
  else state.unrecorded = [...state.unrecorded, foldedAway(alarm)];
}

/** Judges anew what waits. */
export function lookAgain(state: Live): void {
  const waited = state.waiting.map(({ trigger }) => trigger);
  state.waiting = [];
  for (const trigger of waited) queue(state, trigger);
}

export function unqueue(state: Live, triggers: readonly Trigger[]): void {
  state.queued = state.queued.filter((trigger) => !triggers.includes(trigger));
}

/** Keeps where causes went. */
export function markStarted(state: Live, triggers: readonly Trigger[], workflowId: string): void {
  const entries = [...Object.entries(state.started), ...triggers.map((trigger) => [trigger.cause.key, workflowId] as const)];
  state.started = Object.fromEntries(entries.slice(-rememberedCauses));
}

export function takeOverflow(state: Live): readonly string[] {
  const { overflow } = state;
  state.overflow = [];
  return overflow;
}

/** What the query `state` answers. */
export function statusOf({ paused, running, queued, started, problem, waiting, blocked, change, decisions, standing }: Live): RetrainingStatus {
  const runs = running === null ? null : { workflowId: running.workflowId, causes: running.input.causes.map((cause) => cause.key) };
  return { paused, running: runs, queued, started, problem, waiting, blocked, change, decisions, standing };
}
