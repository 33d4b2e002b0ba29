import { z } from "zod";
import { column } from "./column.ts";
import { versionNumber } from "./commit.ts";
import { blobRef, identifier, name, sha256 } from "./names.ts";
import { fileReading } from "./source.ts";
import { instant } from "./time.ts";

/** A job's own part of its workflow id, `<model>/score/<id>`, and of its outputs' names. */
export const batchId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, "must be 1 to 80 letters, digits, dots, hyphens or _, starting with a letter or digit");

/** Most files of one job: its plan is read by every step. */
export const mostFiles = 50_000;

/** What to score, as it is asked for: the input of the workflow `batchScoring`. */
export const batchRequest = z.strictObject({
  model: name,
  /** Null: the version that serves when the job starts. */
  v: versionNumber.nullable().default(null),
  /** As a source's `uri`: a prefix of files, or with {yyyy} {MM} {dd} {HH} a file a span. A folder's path is absolute. */
  from: fileReading.uri,
  /** `s3://bucket/folder`; one job writes there. */
  to: z.string().regex(/^s3:\/\/[^/]+\/[^?#]+$/, "must be a folder in S3 such as s3://scored/flights/march"),
  format: fileReading.format.default("parquet"),
  delimiter: fileReading.delimiter,
  /** What goes with the predictions: all columns that are no feature, every column, or those named. */
  keep: z.union([z.enum(["extras", "all"]), z.array(z.string().min(1)).max(1_000).readonly()]).default("extras"),
  onBadRow: z.enum(["fail", "skip"]).default("fail"),
  /** Slices of the files that are scored at a time. */
  parallel: z.int().min(1).max(64).default(2),
}).readonly();
export type BatchRequest = z.infer<typeof batchRequest>;
export type BatchRequestInput = z.input<typeof batchRequest>;

/** `scores/<model>/<id>/plan.json`: settled once, so that whoever goes on with a job does what it began. */
export const batchPlan = z.strictObject({
  version: z.literal(1),
  /** Workflow id. */
  job: z.string(),
  request: batchRequest,
  v: versionNumber,
  file: blobRef,
  columns: z.array(z.strictObject({ name: identifier, column }).readonly()).readonly(),
  task: z.enum(["binary", "multiclass", "regression"]),
  classes: z.array(z.string()).readonly().nullable(),
  timezone: z.string(),
  files: z.array(z.strictObject({ uri: z.string(), bytes: z.int(), etag: z.string() }).readonly()).min(1).max(mostFiles).readonly(),
  plannedAt: instant,
}).readonly();
export type BatchPlan = z.infer<typeof batchPlan>;

const storedFile = z.strictObject({ uri: z.string(), rows: z.int(), bytes: z.int(), sha256 }).readonly();

/** `scores/<model>/<id>/files/<8 digits>.json`: one input file is scored. `input.rows` are those of the output and the skipped ones. */
export const scoredFile = z.strictObject({
  input: z.strictObject({ uri: z.string(), etag: z.string(), bytes: z.int(), sha256, rows: z.int() }).readonly(),
  output: storedFile,
  /** The rows that were skipped. */
  quarantine: storedFile.nullable(),
}).readonly();
export type ScoredFile = z.infer<typeof scoredFile>;

/** `<to>/_relearn.json`, written last: what lies there, all of it, and what made it. */
export const batchManifest = z.strictObject({
  version: z.literal(1),
  job: z.string(),
  model: name,
  v: versionNumber,
  digest: sha256,
  from: z.string(),
  rows: z.int(),
  skipped: z.int(),
  files: z.array(scoredFile).readonly(),
  plannedAt: instant,
}).readonly();
export type BatchManifest = z.infer<typeof batchManifest>;
