import { z } from "zod";
import { blobRef, identifier, sha256 } from "./names.ts";
import { instant, runWindows } from "./time.ts";

/** Name of a partition: a calendar day `2013-02-28`, or an hour `2013-02-28T05`, in the pipeline's time zone. */
export const partitionName = z.string().regex(/^\d{4}-\d{2}-\d{2}(T\d{2}b?)?$/);

/** The rows of one landing file that belong to one partition of its source. */
export const piece = z.strictObject({ partition: partitionName, blob: blobRef, rows: z.int().min(1) }).readonly();

/** Rows whose event time could not be read, as they were, with `__row`; they go to quarantine. */
const timeless = z.strictObject({ blob: blobRef, rows: z.int().min(1) }).readonly();

/** How often the labels of one sender differ from the class that was answered, and how often they should by how sure the answers were; counts that add up. */
export const labelTally = z.strictObject({
  /** Null: not known who sent them. */
  source: z.string().nullable(),
  labels: z.int().min(1),
  disagreed: z.number(),
  /** Sum of 1 - highest score. */
  expected: z.number(),
  /** Sum of the squares of what a label did (0 or 1) minus what was expected of it. */
  squares: z.number(),
}).readonly();
export type LabelTally = z.infer<typeof labelTally>;

/** What is held against a sender of labels, beside the others. Rates from 0 to 1; `p` one-sided, adjusted for looking at all senders. */
export const sourceEvidence = z.strictObject({
  source: z.string(), labels: z.int(), disagreed: z.number(), expected: z.number(),
  others: z.strictObject({ labels: z.int(), disagreed: z.number(), expected: z.number() }).readonly(),
  p: z.number(),
}).readonly();
export type SourceEvidence = z.infer<typeof sourceEvidence>;

/** Rows of one partition whose labels are not trusted, as they were joined; they go to quarantine. */
const distrustedRows = z.strictObject({ partition: partitionName, uri: z.string(), blob: blobRef, rows: z.int().min(1) }).readonly();

/**
 * `sources/<pipeline>/<sha256 of uri, size, etag and how it is read>.json`: what one landing file held, so that it is never read again.
 * The same record lies under the hash of URI, content and how it is read, for a file written again with the same bytes.
 */
export const landingRecord = z.strictObject({
  version: z.literal(1),
  source: identifier,
  uri: z.string(),
  bytes: z.int(),
  sha256,
  rows: z.int(),
  /** In the file's order, with their DuckDB types; every column of a text format is VARCHAR. */
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  timeless: timeless.nullable(),
  /** Rows with a time outside the file's calendar span, and those more than a day outside it. */
  outside: z.int(),
  farOutside: z.int(),
  pieces: z.array(piece),
  notes: z.array(z.string()),
  /** Of a model's predictions in one partition: rows that were answered, and those of them that are not here, or whose label was said again too late. */
  answered: z.strictObject({ rows: z.int(), withoutConsent: z.int(), withoutLabel: z.int(), late: z.int() }).readonly().optional(),
  /** Of a model's predictions that are classes: who said their labels. */
  said: z.array(labelTally).readonly().optional(),
  /** Rows that are not in `pieces`, for who said their labels. */
  distrusted: distrustedRows.optional(),
}).readonly();
export type LandingRecord = z.infer<typeof landingRecord>;

/** One partition after `prepare`: sorted rows, duplicates by key dropped and counted. */
export const preparedPartition = z.strictObject({
  name: partitionName,
  from: instant,
  to: instant,
  blob: blobRef,
  rows: z.int().min(0),
  duplicates: z.int().min(0),
}).readonly();
export type PreparedPartition = z.infer<typeof preparedPartition>;

/** `prepared/<pipeline>/<sha256 of contract, span and input pieces>.json`: what `prepare` made of pieces it has seen before. */
export const preparedRecord = z.strictObject({ version: z.literal(1), partition: preparedPartition, notes: z.array(z.string()) }).readonly();
export type PreparedRecord = z.infer<typeof preparedRecord>;

/** What `ingest` made: every partition of the run's windows, from which files. A blob; the same input gives the same bytes. */
export const ingested = z.strictObject({
  version: z.literal(1),
  pipeline: z.string(),
  windows: runWindows,
  files: z.array(z.strictObject({ source: identifier, uri: z.string(), bytes: z.int(), sha256, rows: z.int() })),
  partitions: z.array(preparedPartition),
  /** Of the primary source's files: rows in no partition, for quarantine. */
  timeless: z.array(timeless.unwrap().extend({ uri: z.string() })),
  /** By source of predictions, of those where some labels are not trusted: all labels, who is held to have sent wrong ones, and the rows left out for it. */
  distrusted: z.array(z.strictObject({ source: identifier, labels: z.int(), by: z.array(sourceEvidence), rows: z.array(distrustedRows) }).readonly()).optional(),
  /** Golden sets by name, prepared like partitions. */
  golden: z.record(identifier, preparedPartition.unwrap().pick({ blob: true, rows: true, duplicates: true })),
  /** What was odd and harmless, for the record: a file delivered twice, reordered columns. */
  notes: z.array(z.string()),
}).readonly();
export type Ingested = z.infer<typeof ingested>;

/** A partition whose rows met the contract. `reserved` rows are never trained on. */
export const acceptedPartition = z.strictObject({
  name: partitionName,
  from: instant,
  to: instant,
  role: z.enum(["train", "holdout"]),
  blob: blobRef,
  rows: z.int().min(0),
  reserved: z.strictObject({ blob: blobRef, rows: z.int().min(1) }).nullable(),
  /** Golden keys left out of a train partition. */
  withheld: z.int().min(0),
  quarantined: z.int().min(0),
}).readonly();
export type AcceptedPartition = z.infer<typeof acceptedPartition>;

/**
 * `datasets/<pipeline>/snapshots/<id>.json`. `id` is the SHA-256 of the RFC 8785 JSON of the column contract and the ordered
 * partition hashes with their roles: the same rows are the same snapshot, in whatever order they arrived.
 */
export const snapshot = z.strictObject({
  version: z.literal(1),
  id: sha256,
  pipeline: z.string(),
  windows: runWindows,
  partitions: z.array(acceptedPartition),
  golden: z.record(identifier, z.strictObject({ blob: blobRef, rows: z.int() })),
  files: ingested.unwrap().shape.files,
  rows: z.strictObject({ in: z.int(), accepted: z.int(), quarantined: z.int(), duplicates: z.int(), train: z.int(), holdout: z.int() }),
  /** Key of the quarantine Parquet, null where every row was accepted. */
  quarantine: z.string().nullable(),
  /** Labels as strings, sorted: classes of a classification task. */
  classes: z.array(z.string()).nullable(),
  frame: blobRef,
}).readonly();
export type Snapshot = z.infer<typeof snapshot>;
