import type { Verdict } from "../../policy/may-retrain.ts";
import type { AlarmDecision } from "../../schemas/alarm.ts";
import type { Cause, Trigger } from "../../schemas/cause.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { RetrainChange, RetrainSettings } from "../../schemas/retrain.ts";
import type { RunState } from "../../schemas/run.ts";
import type { RunStep } from "./run-steps.ts";

/** All a run needs to begin. `version`: no training, an existing version is evaluated again and asked for. */
export interface RunInput {
  readonly step: RunStep;
  readonly causes: readonly Cause[];
  readonly version: number | null;
  /** How long it waits for data that is not complete. */
  readonly patienceMs: number;
}

export type PlanResult =
  | { readonly status: "planned"; readonly workflowId: string; readonly input: RunInput; readonly onData?: boolean }
  /** These causes have started their run already, for ever. */
  | { readonly status: "known"; readonly workflowId: string };

/** What becomes of each cause, in their order; `budget` as it stands before. */
export interface Judged {
  readonly verdicts: readonly Verdict[];
  readonly onData: boolean;
  /** In force: the definition's, with what people changed. Workers before this had none. */
  readonly settings?: RetrainSettings;
  readonly budget: { readonly runs: number; readonly gpuHours: number; readonly cooldownEnd: string | null };
}

/** What a run ended as, for `retraining`. */
export interface RunEnd { readonly state: RunState; readonly reason: string | null }

/** Steps of `retraining`, and of the trigger that a Schedule starts. */
export interface RetrainingActivities {
  /** Closes the windows as of the triggers and takes their causes; each cause starts at most one run, for ever. All ask for the same. */
  planRun(input: { readonly triggers: readonly Trigger[] }): Promise<PlanResult>;
  /** Starts a run's workflow; one that was started before is found. */
  startRun(input: { readonly workflowId: string; readonly input: RunInput }): Promise<void>;
  /** Waits for a run's end, whatever it is. */
  awaitRun(input: { readonly workflowId: string }): Promise<RunEnd>;
  /** Whether causes start a run now. `blockedBy`: the alarm that says the data is broken. */
  mayRetrain(input: { readonly triggers: readonly Trigger[]; readonly change: RetrainChange; readonly blockedBy: string | null }): Promise<Judged>;
  /** Data that has landed since it was last read, as a cause; null where there is none. `definition`: null takes the one in force. */
  newData(input: { readonly pipeline: string; readonly definition: BlobRef | null }): Promise<Trigger | null>;
  /** Writes what was decided about alarms. */
  recordDecisions(input: { readonly model: string; readonly decisions: readonly (Pick<AlarmDecision, "alarm" | "decision" | "reason" | "run"> & { readonly by?: string })[] }): Promise<void>;
  /** Puts a change of the retraining settings on the record. */
  recordChange(input: { readonly model: string; readonly by: string; readonly reason: string | null; readonly change: RetrainChange }): Promise<void>;
  /** Signal-with-starts `retraining`, because a Schedule can only start a workflow. */
  signalRetraining(input: Trigger): Promise<void>;
}
