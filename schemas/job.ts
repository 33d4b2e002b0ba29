import { z } from "zod";
import { column } from "./column.ts";
import { blobRef, identifier } from "./names.ts";
import { instant } from "./time.ts";

/** Part of a name that is safe as a folder, an object key and a job name in every launcher. */
export const jobId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);

/** One file of a job's input: a blob, and the name it gets below `RELEARN_INPUT_DIR`. */
export const jobInput = z.strictObject({ path: z.string().regex(/^[a-z]+\/[A-Za-z0-9_.-]+$/), blob: blobRef, rows: z.int().min(0) }).readonly();

/** `jobs/<id>/spec.json`: all that a launcher and the wrapper need; it holds no credential. */
export const jobSpec = z.strictObject({
  version: z.literal(1),
  id: jobId,
  run: z.string(),
  command: z.array(z.string()).min(1),
  workdir: z.string().nullable(),
  params: z.record(z.string(), z.json()),
  seed: z.int(),
  timeoutSeconds: z.number().positive(),
  /** `train/<day>.parquet` ordered by day, and `sample/sample.parquet` on which the trainer must also predict. */
  inputs: z.array(jobInput),
  /** The model's inputs, by name, in order. */
  columns: z.array(z.strictObject({ name: identifier, column })),
  label: z.strictObject({ column: identifier, task: z.enum(["binary", "multiclass", "regression"]), classes: z.array(z.string()).nullable() }),
}).readonly();
export type JobSpec = z.infer<typeof jobSpec>;

/** One line on `RELEARN_PROGRESS`; the shape of Kubeflow's trainerStatus. Unknown keys are let through. */
export const progressLine = z.looseObject({
  progressPercentage: z.number().min(0).max(100).optional(),
  estimatedRemainingSeconds: z.number().min(0).optional(),
  metrics: z.array(z.object({ name: z.string(), value: z.number() })).optional(),
  step: z.number().optional(),
  epoch: z.number().optional(),
  message: z.string().max(2_000).optional(),
});
export type ProgressLine = z.infer<typeof progressLine>;

export const jobState = z.enum(["queued", "running", "succeeded", "failed", "cancelled", "lost"]);
export type JobState = z.infer<typeof jobState>;

/** `jobs/<id>/status.json`: overwritten by the wrapper as the job goes on. */
export const jobStatus = z.strictObject({
  version: z.literal(1),
  job: jobId,
  state: jobState,
  progress: progressLine.nullable(),
  updatedAt: instant,
});
export type JobStatus = z.infer<typeof jobStatus>;

/**
 * `jobs/<id>/result.json`: created once, last of all, after every file in it is a blob.
 * `files` are the names below `RELEARN_OUTPUT_DIR`: `model.onnx`, `metrics.json`, `predictions.parquet`, `environment.json`, others.
 */
export const jobResult = z.strictObject({
  version: z.literal(1),
  job: jobId,
  run: z.string(),
  state: z.enum(["succeeded", "failed", "cancelled"]),
  exitCode: z.int().nullable(),
  /** Why it failed, for a person: the signal or code, and the last lines it printed. */
  reason: z.string().nullable(),
  retryable: z.boolean(),
  files: z.record(z.string(), blobRef),
  metrics: z.record(z.string(), z.number()),
  /** Package name to version, with `python` and the platform. */
  environment: z.record(z.string(), z.string()),
  seed: z.int(),
  startedAt: instant,
  endedAt: instant,
}).readonly();
export type JobResult = z.infer<typeof jobResult>;

/** What a launcher needs to find its job again; it travels in the heartbeat. `native` is the launcher's own id for it. */
export const jobHandle = z.strictObject({ launcher: z.string(), job: jobId, native: z.string() }).readonly();
export type JobHandle = z.infer<typeof jobHandle>;
