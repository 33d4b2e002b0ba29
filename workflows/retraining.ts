import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, isCancellation, log, setHandler, workflowInfo } from "@temporalio/workflow";
import type { RunInput } from "../activities/contract.ts";
import { fold, nextOf, readTrigger } from "../policy/retraining.ts";
import type { Trigger } from "../schemas/cause.ts";
import { quick, watch } from "./activity-proxies.ts";
import { pauseSignal, resumeSignal, type RetrainingStatus, stateQuery, triggerSignal } from "./messages.ts";

/** Carried from one execution to the next: plain JSON. */
export interface RetrainingState {
  readonly pipeline: string;
  readonly paused?: boolean;
  readonly queued?: readonly Trigger[];
  readonly running?: { readonly workflowId: string; readonly input: RunInput } | null;
  readonly started?: Readonly<Record<string, string>>;
}

const rememberedCauses = 50;

/** One per pipeline, for ever: one run at a time, and causes that ask for the same folded into one queued run. */
export async function retraining(input: RetrainingState): Promise<void> {
  if (typeof input?.pipeline !== "string") throw ApplicationFailure.nonRetryable("retraining needs {pipeline}", "InvalidInput");
  const state = { paused: false, queued: [], running: null, started: {}, ...input, problem: null as string | null };
  setHandler(triggerSignal, (...args: unknown[]) => {
    const trigger = readTrigger(args, state.pipeline);
    if (trigger === null) log.warn("a trigger that is none was ignored");
    else if (!(trigger.cause.key in state.started)) state.queued = [...fold(state.queued, trigger)];
  }, { description: "Folds one cause {cause, asOf, definition, pipeline} into the next run; with {version} that version is evaluated again." });
  setHandler(pauseSignal, () => void (state.paused = true), { description: "Starts no further run." });
  setHandler(resumeSignal, () => void (state.paused = false), { description: "Starts runs again." });
  setHandler(stateQuery, () => statusOf(state));

  for (;;) {
    if (state.running === null) {
      await condition(() => (state.queued.length > 0 && !state.paused) || workflowInfo().continueAsNewSuggested);
      if (state.queued.length > 0 && !state.paused) await startNext(state);
    }
    const { running } = state;
    if (running !== null) await untilEnd(state, running.workflowId);
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      const { problem: _, ...carried } = state;
      await continueAsNew<typeof retraining>(carried);
    }
  }
}

type Live = { -readonly [K in keyof Required<RetrainingState>]: Required<RetrainingState>[K] } & { problem: string | null };

/** Plans and starts the run that answers the first of the queue, and all that ask for the same. What cannot be planned is dropped with its reason, never tried for ever. */
async function startNext(state: Live): Promise<void> {
  const triggers = nextOf(state.queued);
  try {
    const plan = await quick.planRun({ triggers });
    if (plan.status === "planned") await quick.startRun({ workflowId: plan.workflowId, input: plan.input });
    state.started = remember(state.started, triggers, plan.workflowId);
    state.running = plan.status === "planned" ? { workflowId: plan.workflowId, input: plan.input } : null;
    state.problem = null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.problem = messageOf(error);
    state.started = remember(state.started, triggers, "");
  }
  state.queued = state.queued.filter((trigger) => !triggers.includes(trigger));
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

function statusOf(state: Live): RetrainingStatus {
  const running = state.running === null ? null : { workflowId: state.running.workflowId, causes: state.running.input.causes.map((cause) => cause.key) };
  return { paused: state.paused, running, queued: state.queued, started: state.started, problem: state.problem };
}

function messageOf(error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause;
  return cause?.message ?? (error as Error).message;
}
