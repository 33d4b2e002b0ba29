import type { NamedColumn } from "../../inference/signature.ts";
import type { EvaluationFacts, HoldoutEvaluation } from "../../schemas/evaluation.ts";
import type { Golden } from "../../schemas/golden.ts";

/** A model file and the contract it was trained under. `classes`: names in the order of its scores; null of a regression. */
export interface ScoredModel {
  readonly path: string;
  readonly sha256: string;
  readonly columns: readonly NamedColumn[];
  readonly classes: readonly string[] | null;
}

export interface LabelOf { readonly column: string; readonly task: "binary" | "multiclass" | "regression"; readonly classes: readonly string[] | null }

/** What the trivial model says: the training set's label shares in the order of the classes, or its mean. */
export interface Trivial { readonly shares: readonly number[]; readonly mean: number }

export interface CustomMetric { readonly name: string; readonly sql: string }

export interface HoldoutRequest {
  readonly holdout: string;
  readonly window: HoldoutEvaluation["window"];
  readonly files: readonly string[];
  readonly rows: number;
  readonly label: LabelOf;
  readonly key: readonly string[];
  readonly slices: Readonly<Record<string, string>>;
  readonly metrics: readonly CustomMetric[];
  readonly trivial: Trivial;
  readonly confidence: Readonly<Record<string, number>>;
  /** The metric whose difference says how many more rows would tell. */
  readonly telling: string;
}

/** An expression of the definition's author, and what it is: `slice "storm"`. */
export interface PeoplesSql { readonly title: string; readonly sql: string }

/** `load` adds a model: the first one is the candidate, the next the champion. */
export type ScoringRequest =
  | { readonly op: "open"; readonly folder: string; readonly files: readonly string[]; readonly timezone: string; readonly threads: number; readonly sql: readonly PeoplesSql[] }
  | { readonly op: "load"; readonly model: ScoredModel; readonly task: LabelOf["task"] }
  | { readonly op: "measure"; readonly sample: string }
  | { readonly op: "parity"; readonly sample: string; readonly predictions: string; readonly tolerance: number }
  /** Rows of the sample and what the model makes of them, to be kept with the version. */
  | { readonly op: "golden"; readonly sample: string }
  | { readonly op: "trivial"; readonly files: readonly string[]; readonly label: LabelOf }
  /** Tries a slice over a holdout's rows while no model runs, so that its failure is its own. */
  | { readonly op: "slice"; readonly files: readonly string[]; readonly slice: PeoplesSql }
  | { readonly op: "begin"; readonly holdout: HoldoutRequest }
  /** Scores for about a second. */
  | { readonly op: "step" }
  | { readonly op: "finish" };

export interface ScoringReplies {
  open: null;
  load: { readonly ms: number };
  measure: Omit<EvaluationFacts["resources"], "fileBytes" | "loadMs">;
  parity: EvaluationFacts["parity"];
  golden: Golden | null;
  trivial: Trivial;
  slice: null;
  begin: null;
  step: { readonly rows: number; readonly done: boolean };
  finish: HoldoutEvaluation;
}
