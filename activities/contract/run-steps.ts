import type { Question, RecordedAnswer } from "../../schemas/approval.ts";
import type { Cause } from "../../schemas/cause.ts";
import type { GateResult } from "../../schemas/gate.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { RunWindows } from "../../schemas/time.ts";
import type { SettledAnswer } from "./deployment-steps.ts";

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

/** What a version was made of, to evaluate it again. */
export interface VersionEvidence {
  readonly version: VersionRef;
  readonly snapshot: string;
  readonly trained: TrainResult;
}

/** Steps of `trainingRun`. */
export interface RunActivities {
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
  recordRun(input: { readonly record: RunRecord }): Promise<void>;
}
