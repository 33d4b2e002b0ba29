import type { InputValues } from "./session.ts";
import type { ModelInput, NamedColumn } from "./signature.ts";

/** What a version takes and gives, as its manifest says. */
export interface ModelContract {
  readonly model: string;
  readonly v: number;
  /** SHA-256 of the model file. */
  readonly digest: string;
  readonly columns: readonly NamedColumn[];
  /** One a column, in the same order. */
  readonly inputs: readonly ModelInput[];
  readonly task: "binary" | "multiclass" | "regression";
  /** Names in the order of the scores; null of a regression. */
  readonly classes: readonly string[] | null;
  /** Boolean column, a feature or not, that says whether a served row may be trained on; absent: every row may. */
  readonly consent?: string | undefined;
  /** Columns, features or not, that name a row of the training data; absent: none do. */
  readonly key?: readonly string[] | undefined;
}

/** Rows by column, in the order of the contract's inputs; each as its ONNX input takes it. */
export interface InputBatch {
  readonly rows: number;
  readonly columns: readonly InputValues[];
}

export interface Scored {
  /** Row by row: a score a class, or one value. */
  readonly scores: Float32Array | Float64Array;
  /** Milliseconds before it was sent to the model, and those the model's process took for the batch it was in. */
  readonly queuedMs: number;
  readonly computeMs: number;
}

/** A version that can answer: verified, warm, in a process of its own that may hang, grow or die without hurting this one. */
export interface ModelProcess {
  readonly contract: ModelContract;
  readonly pid: number;
  /** Rows waiting or being scored. */
  readonly pending: number;
  /**
   * Scores rows; those of callers at the same time are run together.
   * @param deadline `performance.now()` milliseconds after which nobody waits any more.
   * @throws RelearnError `Overloaded` when too many rows wait, `InferenceLimit` when the deadline passes or the process is killed, `ModelRefused` when
   * onnxruntime fails on these rows.
   */
  score(batch: InputBatch, deadline: number): Promise<Scored>;
  /** Why it ended, once it has; asked to close, too. */
  readonly ended: Promise<Error>;
  /** Resident bytes. */
  memory(): number | null;
  /** Ends it after its last reply. */
  close(): Promise<void>;
}
