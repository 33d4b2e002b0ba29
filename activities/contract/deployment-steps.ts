import type { ActiveRollout, RolloutAction } from "../../schemas/commit.ts";
import type { GateResult } from "../../schemas/gate.ts";
import type { RolloutEvidence, RolloutPlan } from "../../schemas/rollout-evidence.ts";
import type { VersionRef } from "./run-steps.ts";

export interface PromoteInput {
  readonly model: string;
  readonly v: number;
  readonly run: string;
  readonly txn: string;
  /** Who asked, as claimed, and why; left out: the deployment itself. */
  readonly by?: string;
  readonly reason?: string;
}

export interface RollbackInput { readonly model: string; readonly to: number | null; readonly by: string; readonly claimed: boolean; readonly reason: string; readonly txn: string }

export type CommitResult =
  | { readonly status: "committed"; readonly n: number; readonly champion: VersionRef }
  | { readonly status: "refused"; readonly reason: string };

/** What there is to know before an approved version takes over. `plan`: null where it takes over at once, for the reason given. */
export interface RolloutStart {
  readonly plan: RolloutPlan | null;
  readonly reason: string;
  readonly championP99: number | null;
}

export interface StartRolloutInput {
  readonly model: string;
  readonly v: number;
  /** Of the rollout, and its transaction. */
  readonly id: string;
  /** Transaction that its promotion has, or had. */
  readonly promotion: string;
  readonly kind: RolloutPlan["kind"];
  readonly share: number;
  readonly reason: string;
}

export interface StepRolloutInput {
  readonly model: string;
  readonly id: string;
  readonly step: number;
  readonly action: Exclude<RolloutAction, "start">;
  /** Percent, of `advance` and `set-traffic`. */
  readonly share: number | null;
  readonly reason: string;
  readonly checks: readonly GateResult[];
  /** Who asked, as claimed; null: the deployment itself. */
  readonly by: string | null;
  readonly txn: string;
}

export type StepResult =
  | { readonly status: "committed"; readonly n: number; readonly rollout: ActiveRollout | null }
  | { readonly status: "refused"; readonly reason: string };

/** `promoted`: this proposal was carried out to its end before, by the entry named. */
export type StartResult = StepResult | { readonly status: "promoted"; readonly n: number; readonly champion: VersionRef };

/** A rollout that the log says is running. */
export interface TakingOver {
  readonly rollout: ActiveRollout;
  /** Entry that started it, and when. */
  readonly n: number;
  readonly startedAt: string;
  readonly plan: RolloutPlan;
  readonly championP99: number | null;
}

/** What became of a proposal, a promotion, a rollback or a step of a rollout. `reason` says what is not self-evident, such as a version that took over at once; `aborted`: it had begun to take over, and was sent back. */
export type SettledAnswer = { readonly status: "committed"; readonly n: number; readonly v: number; readonly reason?: string } | { readonly status: "refused"; readonly reason: string; readonly aborted?: true };

/** The deployment's answer at once. `rolling-out` and `waiting` (for another version's rollout): the query `status` tells what becomes of it. */
export type DeploymentAnswer = SettledAnswer | { readonly status: "rolling-out" | "waiting"; readonly v: number };

/** Steps of `deployment`. */
export interface DeploymentActivities {
  promote(input: PromoteInput): Promise<CommitResult>;
  rollback(input: RollbackInput): Promise<CommitResult>;
  /** How a version is to take over, and whether there is anybody for whom it must. */
  rolloutStart(input: { readonly model: string; readonly v: number }): Promise<RolloutStart>;
  startRollout(input: StartRolloutInput): Promise<StartResult>;
  stepRollout(input: StepRolloutInput): Promise<StepResult>;
  /** What the servers have seen of the rollout's step. `n`: entry that started it. */
  rolloutEvidence(input: { readonly model: string; readonly rollout: ActiveRollout; readonly n: number; readonly plan: RolloutPlan; readonly championP99: number | null }): Promise<RolloutEvidence>;
  /** The rollout that the log says is running. */
  takingOver(input: { readonly model: string }): Promise<TakingOver | null>;
  /** How many servers are alive, and how many of them serve what entry `n` says. */
  whoServes(input: { readonly model: string; readonly v: number; readonly n: number }): Promise<{ readonly live: number; readonly serving: number }>;
  /** Tells waiting runs of this model that another version serves now. */
  announceChampion(input: { readonly model: string; readonly except: string | null }): Promise<void>;
}
