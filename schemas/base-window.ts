import { z } from "zod";
import { versionNumber } from "./commit.ts";
import { blobRef, identifier, name, sha256 } from "./names.ts";
import { columnSketch, sketch } from "./sketch.ts";
import { instant, window } from "./time.ts";

const count = z.int().min(0);

/** What came out, so that it adds up over windows. */
const outputCounts = z.strictObject({
  /** Rows with an answer that is a finite number, and rows without. */
  count,
  nulls: count,
  /** Sum of the score (of class 1, or the highest of several) or value, and of the score of the class that was predicted. */
  sum: z.number(),
  confidence: z.number(),
  /** Of a classifier: scores by tenths, as an evaluation's calibration counts them. */
  tenths: z.array(count).readonly(),
  labels: z.record(z.string(), count),
  /** Of a regression: its values. */
  values: columnSketch.nullable(),
}).readonly();
export type OutputCounts = z.infer<typeof outputCounts>;

/** One aggregate of the author's. It does not add up, so it stands for its base window alone. */
const authored = z.strictObject({ group: z.enum(["input", "output"]), title: z.string(), value: z.number().nullable(), why: z.string().max(1_000).nullable() }).readonly();
export type AuthoredMetric = z.infer<typeof authored>;

/** Served rows held against what `prepare` made of the same rows. */
const skewCounts = z.strictObject({
  /** SHA-256 of the partitions that they were held against. */
  of: sha256,
  /** Rows that were found in them; of which this many differ, by column. */
  rows: count,
  differing: z.record(identifier, count),
}).readonly();
export type SkewCounts = z.infer<typeof skewCounts>;

/** What callers were answered, row by row: a Parquet file of ids, times, scores and slices. Absent in a window that was counted before it was kept. */
const answers = z.strictObject({
  blob: blobRef,
  /** The slices that could be told of these rows; and the SHA-256 of what all were, by which a changed definition is known. */
  slices: z.array(z.string()).readonly(),
  of: sha256,
}).readonly();
export type Answers = z.infer<typeof answers>;

/** What the servers' own documents said while a window lasted. Largest over the looks; `cpu`: mean of all servers' cores together. */
export const serverLoad = z.strictObject({ looks: z.int().min(1), servers: count, rssBytes: z.number().min(0), cpu: z.number().min(0), queued: z.number().min(0) }).readonly();
export type ServerLoad = z.infer<typeof serverLoad>;

/**
 * `reports/<model>/sketches/<v>/<from>.json`: what one version was asked and answered in one base window, so that a span is a merge of its
 * windows and no row is read twice. Written anew when objects came late.
 */
export const baseWindow = z.strictObject({
  version: z.literal(1),
  model: name,
  v: versionNumber,
  digest: sha256,
  window,
  /** The objects it was counted from: their number, and the SHA-256 of their sorted keys. */
  objects: z.strictObject({ count, sha256 }).readonly(),
  /** Blob of the frame that its features are counted in. */
  frame: sha256,
  rows: count,
  /** Requests with an answer or a failure, and those that failed. */
  requests: count,
  errors: count,
  /** Milliseconds, of the requests of this window. */
  latency: z.strictObject({ p50: z.number(), p95: z.number(), p99: z.number() }).readonly().nullable(),
  newest: instant.nullable(),
  /** First and last prediction id in text order, which is the order in which they were issued. */
  ids: z.strictObject({ first: z.string(), last: z.string() }).readonly().nullable(),
  /** Features under their own names. */
  features: sketch,
  /** Rows outside the column's limits, or outside what the training data held where it has none. */
  outOfRange: z.record(identifier, count),
  /** Private columns: nothing is known of their values. */
  withheld: z.array(identifier).readonly(),
  output: outputCounts,
  authored: z.array(authored).readonly(),
  load: serverLoad.nullable(),
  /** Absent as long as no data that was accepted covers the window, or no row says its key. */
  skew: skewCounts.optional(),
  answers: answers.optional(),
}).readonly();
export type BaseWindow = z.infer<typeof baseWindow>;
