import type { InputBatch, ModelContract, Scored } from "../inference/contract.ts";
import type { FeedbackRecord } from "../schemas/feedback.ts";
import type { Variant } from "../schemas/replica.ts";

/** Who asked for what: all that decides which version answers. */
export interface PredictionRequest {
  readonly batch: InputBatch;
  /** Issued by this server for this request. */
  readonly id: string;
  /** Sticks a caller to one variant of a rollout; null: the prediction id decides. */
  readonly key: string | null;
  /** Asked for by number in the URL; null: whoever serves. */
  readonly version: number | null;
  /** `performance.now()` milliseconds. */
  readonly deadline: number;
  /** Event time, milliseconds since 1970; left out: now. */
  readonly at?: number | undefined;
}

export interface Answer extends Scored {
  readonly contract: ModelContract;
  /** The rows as that version took them: of another version than the one by whose contract they were read, its columns may be in another order. */
  readonly batch: InputBatch;
  readonly variant: Variant;
}

export interface ModelStatus {
  /** Whether callers get answers. Else `reason` says what is missing. */
  readonly ready: boolean;
  readonly reason: string;
  readonly pinned: number | null;
  /** The version that cannot be loaded, while another one answers in its place. */
  readonly insteadOf: number | null;
}

/** One model as this server has it: the routes ask it and never see processes, rollouts or the log. */
export interface ServedModel {
  readonly name: string;
  status(): ModelStatus;
  /** Versions that answer now. */
  versions(): readonly ModelContract[];
  /** The contract by which a request is read: of the version asked for, else of the champion. @throws RelearnError `NotFound`, `NotReady`. */
  contract(version: number | null): ModelContract;
  /** @throws RelearnError `NotFound`, `NotReady`, and as `ModelProcess.score`. */
  predict(request: PredictionRequest): Promise<Answer>;
  /** Takes what came true of a prediction as evidence, where it was this server's. */
  label(record: FeedbackRecord): void;
}

export interface ServedModels {
  find(name: string): ServedModel | null;
  list(): readonly ServedModel[];
}
