/** What people and activities say to workflows. Arguments are `unknown` where anyone may send them: handlers check what they get. */
import { defineQuery, defineSignal, defineUpdate } from "@temporalio/workflow";
import type { Decided, Waiting } from "../policy/settle-causes.ts";
import type { DeploymentAnswer, Judged, ObservedReport, RaisedAlarm, SettledAnswer, VersionRef } from "../activities/contract.ts";
import type { DataBlock } from "../schemas/alarm.ts";
import type { RecordedAnswer } from "../schemas/approval.ts";
import type { Trigger } from "../schemas/cause.ts";
import type { ActiveRollout } from "../schemas/commit.ts";
import type { GateResult } from "../schemas/gate.ts";
import type { RetrainChange, RetrainSettings } from "../schemas/retrain.ts";
import type { Threshold } from "../schemas/monitors.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { RunRecord } from "../schemas/run.ts";
import type { ThresholdChange } from "../schemas/threshold-change.ts";

/** Folds one cause into the next run. */
export const triggerSignal = defineSignal<[Trigger]>("trigger");
export const pauseSignal = defineSignal("pause");
export const resumeSignal = defineSignal("resume");
/** The data is mended. */
export const unblockSignal = defineSignal<unknown[]>("unblock");
/** From the monitoring: what it found of the data has cleared. */
export const mendedSignal = defineSignal("mended");
/** A person says that the data is broken: what nobody asked for waits until it is mended. */
export const blockSignal = defineSignal<unknown[]>("block");
/** Changes settings of `retrain`. */
export const configureUpdate = defineUpdate<RetrainChange, unknown[]>("configure");

export interface RetrainingStatus {
  readonly paused: boolean;
  readonly running: { readonly workflowId: string; readonly causes: readonly string[] } | null;
  readonly queued: readonly Trigger[];
  /** Where each of the last causes went: its key to the run that took it. */
  readonly started: Readonly<Record<string, string>>;
  /** Why the last attempt to start a run failed; null while all is well. */
  readonly problem: string | null;
  /** Causes that start nothing yet, and why. */
  readonly waiting: readonly Waiting[];
  /** The alarm that says the data is broken: nothing that nobody asked for runs until it has cleared or, where a person said so (`asked`), until somebody says that it is mended. */
  readonly blocked: DataBlock | null;
  /** What people changed of the definition's `retrain`. */
  readonly change: RetrainChange;
  /** The last decisions about alarms, newest first. */
  readonly decisions: readonly Decided[];
  /** Settings in force and what is used of the month, as they stood when causes were last judged; null before that. */
  readonly standing: { readonly settings: RetrainSettings; readonly budget: Judged["budget"] } | null;
}
export const stateQuery = defineQuery<RetrainingStatus>("state");

/** Answers to a waiting run. The signal serves Temporal UI and CLI; the update also says at once whether the answer counts. */
export const approveSignal = defineSignal<unknown[]>("approve");
export const rejectSignal = defineSignal<unknown[]>("reject");
export const approveUpdate = defineUpdate<RecordedAnswer, unknown[]>("approve");
export const rejectUpdate = defineUpdate<RecordedAnswer, unknown[]>("reject");
/** Another version serves now: what was measured against the old one no longer counts. */
export const championChangedSignal = defineSignal("championChanged");
/** Look for the missing data now. */
export const recheckSignal = defineSignal("recheck");
export const progressQuery = defineQuery<RunRecord>("progress");

export interface ProposeRequest { readonly v: number; readonly run: string }
export interface PromoteRequest { readonly v: number; readonly by: string }
export interface RollbackRequest { readonly to?: number | null; readonly by: string; readonly reason?: string }
export type { DeploymentAnswer };

export const proposeUpdate = defineUpdate<DeploymentAnswer, unknown[]>("propose");
export const promoteUpdate = defineUpdate<DeploymentAnswer, unknown[]>("promote");
export const rollbackUpdate = defineUpdate<DeploymentAnswer, unknown[]>("rollback");
export const promoteSignal = defineSignal<unknown[]>("promote");
export const rollbackSignal = defineSignal<unknown[]>("rollback");

/** What people say to a rollout. A `retraining` has a pause and a resume of its own. */
export const rolloutSignals = {
  pause: defineSignal<unknown[]>("pause"), resume: defineSignal<unknown[]>("resume"), abort: defineSignal<unknown[]>("abort"),
  advance: defineSignal<unknown[]>("advance"), setTraffic: defineSignal<unknown[]>("setTraffic"), propose: defineSignal<unknown[]>("propose"),
} as const;
export const rolloutUpdates = {
  pause: defineUpdate<DeploymentAnswer, unknown[]>("pause"), resume: defineUpdate<DeploymentAnswer, unknown[]>("resume"), abort: defineUpdate<DeploymentAnswer, unknown[]>("abort"),
  advance: defineUpdate<DeploymentAnswer, unknown[]>("advance"), setTraffic: defineUpdate<DeploymentAnswer, unknown[]>("setTraffic"),
} as const;

/** A rollout as it stands. */
export interface RolloutStatus {
  readonly v: number;
  readonly run: string;
  readonly id: string;
  readonly kind: ActiveRollout["kind"];
  /** From 0, and the percent of the traffic of each. */
  readonly step: number;
  readonly shares: readonly number[];
  readonly share: number;
  readonly paused: boolean;
  /** `settling`: it is promoted, and the servers are switching. */
  readonly phase: "watching" | "settling";
  readonly startedAt: string;
  /** What it waits for. */
  readonly reason: string;
  readonly checks: readonly GateResult[];
}

export interface DeploymentStatus {
  readonly champion: VersionRef | null;
  readonly busy: boolean;
  readonly rollout: RolloutStatus | null;
  /** Proposals that wait for another version's rollout to end. */
  readonly waiting: readonly ProposeRequest[];
  /** What became of the last proposals, newest first. */
  readonly settled: readonly (ProposeRequest & { readonly answer: SettledAnswer })[];
  /** The last few answers, newest first. */
  readonly recent: readonly { readonly at: string; readonly request: string; readonly answer: DeploymentAnswer }[];
}
export const statusQuery = defineQuery<DeploymentStatus>("status");

/** How far a batch has come. */
export interface BatchProgress {
  readonly stage: "plan" | "score" | "finish" | "done";
  readonly v: number | null;
  /** SHA-256 of the model. */
  readonly digest: string | null;
  readonly files: { readonly done: number; readonly of: number };
  readonly rows: number;
  readonly skipped: number;
  readonly startedAt: string;
  /** Once all of it is there. */
  readonly manifest: string | null;
}
export const batchProgressQuery = defineQuery<BatchProgress>("progress");

/** Watch by this definition from here on. */
export const watchSignal = defineSignal<unknown[]>("watch");
/** Look now; the update answers when it has been looked. */
export const checkSignal = defineSignal("check");
export const checkUpdate = defineUpdate<MonitoringStatus, unknown[]>("check");
/** Changes when a metric alarms, and puts the change on the record. */
export interface SetThresholdRequest { readonly metric: string; readonly threshold: Threshold | null; readonly by: string; readonly reason?: string }
export const setThresholdUpdate = defineUpdate<ThresholdChange, unknown[]>("setThreshold");

/** How the watching stands. */
export interface MonitoringStatus {
  readonly pipeline: string;
  readonly definition: BlobRef;
  /** Until when event time has come, and the end of the last window that was told of. */
  readonly watermark: string | null;
  readonly cursor: string | null;
  /** The last report of each version that was told of. */
  readonly latest: readonly ObservedReport[];
  /** The last alarms, newest first. */
  readonly alarms: readonly RaisedAlarm[];
  /** Thresholds that were changed while it ran, by metric; the definition's hold for the rest. */
  readonly thresholds: Readonly<Record<string, Threshold | null>>;
  /** When it last looked, by the wall clock. */
  readonly checkedAt: string | null;
  /** Why the last look failed, or what it had to leave out; null while all is well. */
  readonly problem: string | null;
}
export const latestQuery = defineQuery<MonitoringStatus>("latest");
