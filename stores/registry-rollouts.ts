import type { ActiveRollout, RolloutAction } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { GateResult } from "../schemas/gate.ts";
import type { checkApproval } from "./approval-rules.ts";
import type { Appended, CommitLog, Draft, LogView } from "./commit-log.ts";
import { replacedBy } from "./commit-rules.ts";
import { approvalOf, expectOperation, registered, stateOf, type Step, versionsOf } from "./log-views.ts";
import { needsApproval, rolloutProblems, type RolloutOperation } from "./rollout-rules.ts";

export interface RolloutRequest extends Step {
  readonly v: number;
  /** Salts who gets the new version; a rollout's own. */
  readonly id: string;
  readonly kind: ActiveRollout["kind"];
  /** Percent of the traffic of the first step. */
  readonly share: number;
  readonly reason: string;
}

export interface RolloutStepRequest extends Step {
  /** The rollout that is meant, and the step it is taken to be at: for anything else nothing is written. */
  readonly id: string;
  readonly step: number;
  readonly action: Exclude<RolloutAction, "start">;
  /** Percent, of `advance` and `set-traffic`. */
  readonly share?: number;
  readonly reason: string;
  /** What was asked of the evidence before. */
  readonly checks: readonly GateResult[];
}

type Check = typeof checkApproval;

export async function startRollout(log: CommitLog, check: Check, { v, id, kind, share, reason, ...step }: RolloutRequest): Promise<Appended> {
  return expectOperation("rollout", v, step.txn, await log.append({
    ...step, expected: null,
    plan: async (view) => {
      const { model, manifest } = await registered(log, view, v);
      const rollout = { id, candidate: { v, model, manifest }, kind, step: 0, share, paused: false };
      return draft(log, check, view, { kind: "rollout", v, action: "start", rollout, reason, checks: [] }, rollout.candidate);
    },
  }));
}

export async function stepRollout(log: CommitLog, check: Check, request: RolloutStepRequest): Promise<Appended> {
  return expectOperation("rollout", undefined, request.txn, await log.append({
    ...request, expected: null,
    plan: async (view) => {
      const running = meant(log, view, request);
      const { action, reason, checks } = request;
      const operation = { kind: "rollout", v: running.candidate.v, action, rollout: after(running, request), reason, checks } as const;
      return draft(log, check, view, operation, running.candidate);
    },
  }));
}

/** @throws RelearnError `Superseded` where the rollout that the writer saw is not the one that runs. */
function meant({ model }: CommitLog, view: LogView, { id, step }: RolloutStepRequest): ActiveRollout {
  const running = stateOf(view).rollout;
  if (running === null || running.id !== id) throw new RelearnError("Superseded", `rollout ${id} of ${model} is over${running === null ? "" : `, and version ${running.candidate.v} is taking over now`}`);
  if (running.step !== step) throw new RelearnError("Superseded", `rollout ${id} of ${model} is at step ${running.step + 1} and not at step ${step + 1}`);
  return running;
}

function after(running: ActiveRollout, { action, share = running.share }: RolloutStepRequest): ActiveRollout | null {
  switch (action) {
    case "advance": return { ...running, step: running.step + 1, share };
    case "set-traffic": return { ...running, share };
    case "pause": return { ...running, paused: true };
    case "resume": return { ...running, paused: false };
    case "abort": return null;
  }
}

async function draft(log: CommitLog, check: Check, view: LogView, operation: RolloutOperation, { v, model, manifest }: ActiveRollout["candidate"]): Promise<Draft> {
  const state = stateOf(view);
  const approval = needsApproval(operation.action) ? await approvalOf(log, check, view, v, model) : null;
  const [problem] = rolloutProblems(operation, state);
  if (problem !== undefined) throw new RelearnError("Superseded", `a step of ${log.model} was not taken: it ${problem}`);
  return { operation, state: { ...state, rollout: operation.rollout }, versions: versionsOf(view), expected: { champion: replacedBy(state.champion) }, approval, digests: { model: model.sha256, manifest: manifest.sha256 } };
}
