import { z } from "zod";
import { gateResult } from "./gate.ts";
import { blobRef, sha256 } from "./names.ts";
import { window } from "./time.ts";

/** A figure with its interval; null where it cannot be computed, and then `why` says so. */
export const estimate = z.strictObject({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  why: z.string().nullable(),
}).readonly();
export type Estimate = z.infer<typeof estimate>;

const metrics = z.record(z.string(), estimate);

/** Candidate minus champion on the same rows. `low` and `high` bound it with `confidence`. */
const differences = z.record(z.string(), estimate);

export const sliceEvaluation = z.strictObject({
  slice: z.string(),
  rows: z.int(),
  candidate: metrics,
  champion: metrics.nullable(),
  difference: differences.nullable(),
  /** Rows more that would make the interval narrow enough to tell better from worse; null where it already tells. */
  rowsToTell: z.int().nullable(),
}).readonly();

/** Wrong labels among a holdout's, as rates from 0 to 1: the share that explains the errors, its standard error, and the error that the champion's scores expect, beside those of both models. */
export const labelNoise = z.strictObject({ share: z.number(), error: z.number(), expected: z.number(), champion: z.number(), candidate: z.number() }).readonly();
export type LabelNoise = z.infer<typeof labelNoise>;

export const holdoutEvaluation = z.strictObject({
  holdout: z.string(),
  window: window.nullable(),
  rows: z.int(),
  candidate: metrics,
  champion: metrics.nullable(),
  /** The trivial model: the training set's label shares, or its mean. */
  baseline: metrics,
  difference: differences.nullable(),
  /** Paired difference to the baseline in the task's own loss (log_loss, mse). Negative is better than the baseline. */
  overBaseline: estimate,
  slices: z.array(sliceEvaluation),
  calibration: z.array(z.strictObject({ from: z.number(), to: z.number(), rows: z.int(), predicted: z.number(), observed: z.number() })),
  flips: z.strictObject({ rows: z.int(), share: z.number(), negative: z.int(), positive: z.int() }).nullable(),
  /** PSI between both models' outputs; null without a champion, and none of evaluations before it was measured. */
  outputShift: z.number().nullable().optional(),
  /** Null where it cannot be told; evaluations before it was measured have none. */
  labelNoise: labelNoise.nullable().optional(),
  /** The rows the candidate is most wrong about. */
  worstRows: z.array(z.strictObject({ key: z.string(), label: z.string(), predicted: z.string(), loss: z.number() })),
}).readonly();
export type HoldoutEvaluation = z.infer<typeof holdoutEvaluation>;

/** Facts about a candidate, measured in a throw-away process. */
export const resources = z.strictObject({
  fileBytes: z.int(),
  loadMs: z.number(),
  latencyMs: z.strictObject({ p50: z.number(), p99: z.number(), runs: z.int() }),
  rowsPerSecond: z.number(),
  peakBytes: z.int(),
}).readonly();

/** Does onnxruntime reproduce the trainer's own predictions? Differences are relative to max(1, |v|). */
export const parity = z.strictObject({ rows: z.int(), largest: z.number().nullable(), tolerance: z.number(), why: z.string().nullable() }).readonly();

/** `evaluation.json`: every fact a gate, a person or an auditor looks at. */
export const evaluation = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  task: z.enum(["binary", "multiclass", "regression"]),
  snapshot: sha256,
  model: blobRef,
  champion: z.strictObject({ v: z.int(), model: sha256, trainedOnHoldout: z.boolean() }).nullable(),
  holdouts: z.array(holdoutEvaluation),
  parity,
  /** The blob of its golden predictions (`golden.ts`); none where the sample gave none, and of evaluations before there were any. */
  golden: blobRef.optional(),
  resources,
  gates: z.array(gateResult),
  passed: z.boolean(),
}).readonly();
export type Evaluation = z.infer<typeof evaluation>;

/** `evaluations/<pipeline>/<sha256 of all it rests on>.json`: what was measured once of the same bytes on the same rows. */
export const measuredEvaluation = evaluation.unwrap().omit({ run: true, gates: true, passed: true }).readonly();
export type MeasuredEvaluation = z.infer<typeof measuredEvaluation>;

/** The measured part, before the gates have answered. */
export type EvaluationFacts = Omit<Evaluation, "gates" | "passed">;
