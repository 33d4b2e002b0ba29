/**
 * Every activity's input and result, as types only, so that workflow code can import them without their rooms.
 * Rows and tables never pass here: references, and a few numbers.
 */
import type { RecordedAnswer, Question } from "../schemas/approval.ts";
import type { Alarm, AlarmDecision } from "../schemas/alarm.ts";
import type { ServerLoad } from "../schemas/base-window.ts";
import type { BatchRequestInput } from "../schemas/batch.ts";
import type { Cause, Trigger } from "../schemas/cause.ts";
import type { ActiveRollout, RolloutAction } from "../schemas/commit.ts";
import type { GateResult } from "../schemas/gate.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { Notice } from "../schemas/notice.ts";
import type { RolloutEvidence, RolloutPlan } from "../schemas/rollout-evidence.ts";
import type { RetrainChange, RetrainSettings } from "../schemas/retrain.ts";
import type { ThresholdChange } from "../schemas/threshold-change.ts";
import type { RunRecord, RunState } from "../schemas/run.ts";
import type { Verdict } from "../policy/may-retrain.ts";
import type { RunWindows, Window } from "../schemas/time.ts";

/** Every step of a run knows which run it is and what was asked of it. */
export interface RunStep {
  readonly run: string;
  readonly pipeline: string;
  readonly definition: BlobRef;
  readonly windows: RunWindows;
  readonly asOf: string;
}

/** A version as the log knows it. */
export interface VersionRef {
  readonly v: number;
  readonly model: BlobRef;
  readonly manifest: BlobRef;
}

export type IngestResult =
  | { readonly status: "ready"; readonly dataset: BlobRef; readonly rows: number; readonly partitions: number; readonly filesRead: number; readonly notes: readonly string[] }
  | { readonly status: "held"; readonly reasons: readonly string[] };

export interface ValidateInput extends RunStep { readonly dataset: BlobRef; readonly champion: VersionRef | null }
export type ValidateResult =
  | { readonly status: "accepted"; readonly snapshot: string; readonly report: BlobRef; readonly rows: { readonly in: number; readonly accepted: number; readonly quarantined: number; readonly train: number; readonly holdout: number } }
  | { readonly status: "refused"; readonly report: BlobRef; readonly reasons: readonly string[] };

export interface TrainInput extends RunStep { readonly snapshot: string; readonly job: string }
export interface TrainResult {
  readonly job: string;
  readonly model: BlobRef;
  readonly predictions: BlobRef;
  /** The sample rows the predictions were made on. */
  readonly sample: BlobRef;
  readonly metrics: Readonly<Record<string, number>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly seconds: number;
}

export interface EvaluateInput extends RunStep {
  readonly snapshot: string;
  readonly model: BlobRef;
  readonly predictions: BlobRef;
  readonly sample: BlobRef;
  readonly champion: VersionRef | null;
}
export interface EvaluateResult { readonly evaluation: BlobRef; readonly passed: boolean; readonly gates: readonly GateResult[] }

export interface RegisterInput extends RunStep { readonly snapshot: string; readonly trained: TrainResult; readonly evaluation: BlobRef; readonly causes: readonly Cause[] }

export interface AskInput extends RunStep { readonly v: number; readonly model: BlobRef; readonly evaluation: BlobRef; readonly champion: VersionRef | null; readonly askedAt: string }

export interface DecideInput extends RunStep {
  readonly v: number;
  readonly model: BlobRef;
  readonly evaluation: BlobRef;
  readonly champion: VersionRef | null;
  readonly question: Question;
  readonly decision: "approved" | "rejected" | "expired";
  readonly answers: readonly RecordedAnswer[];
}
export type DecideResult = { readonly status: "recorded" } | { readonly status: "champion-changed"; readonly champion: VersionRef | null };

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

/** What a run ended as, for `retraining`. */
export interface RunEnd { readonly state: RunState; readonly reason: string | null }

/** What a version was made of, to evaluate it again. */
export interface VersionEvidence {
  readonly version: VersionRef;
  readonly snapshot: string;
  readonly trained: TrainResult;
}

/** What became of a proposal, a promotion, a rollback or a step of a rollout. `reason` says what is not self-evident, such as a version that took over at once; `aborted`: it had begun to take over, and was sent back. */
export type SettledAnswer = { readonly status: "committed"; readonly n: number; readonly v: number; readonly reason?: string } | { readonly status: "refused"; readonly reason: string; readonly aborted?: true };
/** The deployment's answer at once. `rolling-out` and `waiting` (for another version's rollout): the query `status` tells what becomes of it. */
export type DeploymentAnswer = SettledAnswer | { readonly status: "rolling-out" | "waiting"; readonly v: number };

/** What a batch job is about to do; its files are in its plan, which the steps find by the job's id. */
export interface BatchPlanned { readonly v: number; readonly digest: string; readonly files: number; readonly bytes: number }
/** A slice of the plan's files. */
export interface ScoreFilesInput { readonly job: string; readonly first: number; readonly count: number }
export interface ScoredCounts { readonly files: number; readonly rows: number; readonly skipped: number }
export interface BatchEnd extends ScoredCounts { readonly manifest: string }

/** Whose model is watched, and by which definition. */
export interface MonitorStep { readonly pipeline: string; readonly definition: BlobRef }
export interface CloseInput extends MonitorStep {
  /** End of the last window that was closed; null: none yet. */
  readonly cursor: string | null;
  /** Start of the newest hour that was known to have predictions, in milliseconds since 1970. */
  readonly newest: number | null;
  readonly limit: number;
}
export interface Closed {
  /** Base windows that are over, oldest first. */
  readonly windows: readonly Window[];
  /** Until when event time has come. */
  readonly watermark: string | null;
  readonly newest: number | null;
  readonly pollMs: number;
  /** What the live servers say of themselves now; null where none is alive. */
  readonly load: ServerLoad | null;
}
export interface LateInput extends MonitorStep {
  readonly cursor: string;
  /** The newest object that was seen, by the store's clock. */
  readonly seen: string;
  /** Objects of labels from about that time that were told of. */
  readonly told?: readonly string[];
  /** The newest snapshot that was seen. */
  readonly snapshot?: string | null;
}
export interface LateFound {
  /** Closed windows for which there are newer predictions, and newer labels. */
  readonly windows: readonly Window[];
  readonly labelled: readonly Window[];
  readonly seen: string;
  readonly told: readonly string[];
  /** The newest snapshot; windows that it covers are among the labelled where it is another than before. */
  readonly snapshot?: string | null;
}
export interface ObserveInput extends MonitorStep {
  readonly windows: readonly Window[];
  /** Windows that are counted already, and whose labels, or whose prepared data, have come since. */
  readonly labelled: readonly Window[];
  /** Set where they were told of before: every report up to here whose span covers what has changed is told anew. */
  readonly until: string | null;
  readonly load: ServerLoad | null;
}
/** One version's report, for people: all of it is in the store. */
export interface ObservedReport {
  readonly v: number;
  readonly window: Window;
  readonly revision: number;
  readonly rows: { readonly base: number; readonly over: number };
  /** Column with the largest PSI. */
  readonly worst: { readonly column: string; readonly psi: number } | null;
  readonly quality: { readonly metric: string; readonly value: number; readonly estimated: boolean } | null;
}
/** What a judgement hands on to the next one of the same version, as the judge understands it: plain JSON. */
export type JudgeState = Readonly<Record<string, number>>;
export interface JudgeInput extends MonitorStep {
  /** Oldest first. */
  readonly reports: readonly Pick<ObservedReport, "v" | "window">[];
  /** By version. */
  readonly open: Readonly<Record<string, JudgeState>>;
  /** They were judged before, and told anew since: what they newly show is told, and nothing is closed by them. */
  readonly restated?: boolean;
}
export type RaisedAlarm = Pick<Alarm, "id" | "v" | "kind" | "shape" | "at" | "window" | "message" | "proposal">;
export interface JudgedWindows { readonly alarms: readonly RaisedAlarm[]; readonly open: JudgeInput["open"] }

export interface Observed { readonly reports: readonly ObservedReport[]; readonly problems: readonly string[] }
/** What became of one try at one receiver. `dropped`: no other try would be of use; `gone`: it says so itself. */
export type NoticeOutcome = { readonly status: "sent" } | { readonly status: "failed"; readonly reason: string } | { readonly status: "dropped"; readonly reason: string; readonly gone?: true };

export interface Activities {
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
  ingest(input: RunStep): Promise<IngestResult>;
  validate(input: ValidateInput): Promise<ValidateResult>;
  train(input: TrainInput): Promise<TrainResult>;
  evaluate(input: EvaluateInput): Promise<EvaluateResult>;
  register(input: RegisterInput): Promise<VersionRef>;
  champion(input: { readonly model: string }): Promise<VersionRef | null>;
  versionEvidence(input: { readonly model: string; readonly v: number }): Promise<VersionEvidence>;
  /** Makes the question a person must answer, and the Markdown that shows its evidence. */
  ask(input: AskInput): Promise<{ readonly question: Question; readonly markdown: string }>;
  /** Records a decision after checking all of it again: digest, champion, answers, expiry. */
  decide(input: DecideInput): Promise<DecideResult>;
  /** Hands an approved version to the model's `deployment`, and waits until its rollout has ended. */
  propose(input: { readonly model: string; readonly v: number; readonly run: string }): Promise<SettledAnswer>;
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
  recordRun(input: { readonly record: RunRecord }): Promise<void>;
  /** Which base windows are over by event time, at most `limit`. */
  closeWindows(input: CloseInput): Promise<Closed>;
  /** Closed windows to which predictions or labels have come since. */
  lateWindows(input: LateInput): Promise<LateFound>;
  /** Counts windows and tells what each version was like in them. */
  observeWindows(input: ObserveInput): Promise<Observed>;
  /** Says which of these reports alarm, and keeps the alarms: the same finding in the same window is one. */
  judgeWindows(input: JudgeInput): Promise<JudgedWindows>;
  /** Puts a change of a threshold on the record. */
  recordThreshold(input: { readonly pipeline: string; readonly change: Omit<ThresholdChange, "version" | "n"> }): Promise<ThresholdChange>;
  /** Tells one receiver once what has happened. @param receiver its name in RELEARN_NOTICES */
  sendNotice(input: { readonly receiver: string; readonly notice: Notice }): Promise<NoticeOutcome>;
  /** Settles which files a job scores, and by which version. @param job workflow id, `<model>/score/<id>`. */
  planBatch(input: { readonly job: string; readonly request: BatchRequestInput }): Promise<BatchPlanned>;
  /** Scores those files of a slice that are not scored yet. */
  scoreFiles(input: ScoreFilesInput): Promise<ScoredCounts>;
  /** Says in the output folder that all of it is there. */
  finishBatch(input: { readonly job: string }): Promise<BatchEnd>;
}
