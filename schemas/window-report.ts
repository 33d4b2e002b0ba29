import { z } from "zod";
import { versionNumber } from "./commit.ts";
import { name, sha256 } from "./names.ts";
import { instant, window } from "./time.ts";

/** `software`: how it serves. `input`: what it is asked. `output`: what it answers. `quality`: how right it was. */
export const metricGroup = z.enum(["software", "input", "output", "quality"]);
export type MetricGroup = z.infer<typeof metricGroup>;

/** One figure of a monitoring window. */
export const windowMetric = z.strictObject({
  group: metricGroup,
  /** In snake_case, such as psi, null_share, p99_ms, auc; of an author's own SQL, `sql`. */
  metric: z.string().max(200),
  /** Column, slice or title; null: the model as a whole. */
  subject: z.string().max(400).nullable(),
  /** Null where there is nothing to compute it of, and then `why` says so. */
  value: z.number().nullable(),
  /** Interval, where there is one. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Of "as in the reference", uncorrected; null where no test is made. */
  p: z.number().nullable(),
  /** The same figure of the reference. */
  reference: z.number().nullable(),
  /** Rows that it rests on. */
  rows: z.int().min(0),
  /** Whether it stands in for labels that have not come yet. */
  estimated: z.boolean(),
  why: z.string().max(1_000).nullable(),
}).readonly();
export type WindowMetric = z.infer<typeof windowMetric>;

/** How many of a window's rows have their label, and how long those took: seconds from prediction to receipt. */
export const labelState = z.strictObject({
  rows: z.int().min(0),
  labelled: z.int().min(0),
  delay: z.strictObject({ p50: z.number(), p90: z.number() }).readonly().nullable(),
}).readonly();
export type LabelState = z.infer<typeof labelState>;

/** `reports/<model>/windows/<v>/<from>.json`: one version in one base window; distances and quality over the span that ends with it. */
export const windowReport = z.strictObject({
  version: z.literal(1),
  pipeline: name,
  model: name,
  v: versionNumber,
  digest: sha256,
  /** The base window. */
  window,
  /** The rolling span. */
  over: window,
  /** From 1; raised each time it is restated because labels or predictions came late. */
  revision: z.int().min(1),
  /** Wall clock. */
  writtenAt: instant,
  /** Rows that were asked about, in the base window and in the span. */
  rows: z.strictObject({ base: z.int().min(0), over: z.int().min(0) }).readonly(),
  metrics: z.array(windowMetric).readonly(),
  labels: labelState.nullable(),
}).readonly();
export type WindowReport = z.infer<typeof windowReport>;

const isNumber = (one: unknown): boolean => typeof one === "number" && Number.isFinite(one);
/** A year of hours has some million figures, and a check of each by a schema of its own takes half of the time to open it. */
const eachOf = (holds: (one: unknown) => boolean) => z.custom<readonly unknown[]>((all) => Array.isArray(all) && all.every(holds));
const figures = eachOf((one) => one === null || isNumber(one)) as z.ZodType<readonly (number | null)[]>;
const rowCounts = eachOf((one) => Number.isInteger(one) && (one as number) >= -1) as z.ZodType<readonly number[]>;
/** Figures by place. */
const sparse = z.custom<Readonly<Record<string, number>>>((all) => typeof all === "object" && all !== null && !Array.isArray(all) && Object.values(all).every(isNumber));

/**
 * `reports/<model>/folds/<v>/<yyyy-MM>.json`: the reports of the windows that begin in a month (UTC) in one object. Said once: what a series of
 * figures is of. Of each window: its figures in the order of `series`, and only where there is one the rest, by the series' place.
 */
export const windowFold = z.strictObject({
  version: z.literal(1),
  pipeline: name,
  model: name,
  v: versionNumber,
  digest: sha256,
  series: z.array(z.strictObject({ group: metricGroup, metric: z.string(), subject: z.string().nullable() }).readonly()).readonly(),
  windows: z.array(z.strictObject({
    window, over: window, revision: z.int().min(1), writtenAt: instant, rows: windowReport.unwrap().shape.rows, labels: labelState.nullable(),
    /** Null: none here. Rows: -1 where the report has no such figure at all. */
    values: figures,
    counts: rowCounts,
    low: sparse, high: sparse, p: sparse, reference: sparse,
    estimated: z.array(z.int()).readonly(),
    why: z.record(z.string(), z.string()),
  }).readonly()).readonly(),
}).readonly();
export type WindowFold = z.infer<typeof windowFold>;
