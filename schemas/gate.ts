import { z } from "zod";
import { about } from "./about.ts";

/** Which figures a model can be judged by. Custom SQL metrics of the definition are named here too. */
export const metricName = z.string().min(1).max(63);

const confidence = z.number().gt(0.5).lt(1).default(0.95).meta(about("Confidence of the interval of candidate minus champion", 0.99));
const milliseconds = z.string().regex(/^\d+(\.\d+)?(us|ms|s)$/, "must be a time such as 5ms");
const size = z.string().regex(/^\d+(\.\d+)?(KB|MB|GB)$/, "must be a size such as 512MB");

const whichMetric = "Metric of the task, or one of the definition's own";
const metric = metricName.meta(about(whichMetric, "auc"));
const limit = "The limit, in the metric's own unit; a metric equal to it passes";
const holdout = z.string().default("recent").meta(about("Rows to judge on: recent, reserve, or a golden set's name", "reserve"));
const margin = "How much worse than the champion is let pass, in the metric's own unit";
const perRow = "Time for one row, in us, ms or s: at most this for";
const bytes = "in KB, MB or GB of 1000";

/** A condition a candidate must meet, as written in a definition. */
export const gate = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("atLeast").meta(about("The candidate's metric is at least a value", "atLeast")), metric, value: z.number().meta(about(limit, 0.65)), holdout }),
  z.strictObject({ kind: z.literal("atMost").meta(about("The candidate's metric is at most a value", "atMost")), metric: metricName.meta(about(whichMetric, "mae")), value: z.number().meta(about(limit, 5)), holdout }),
  z.strictObject({
    kind: z.literal("noWorseThanChampion").meta(about("The interval of candidate minus champion does not show it worse by more than the margin", "noWorseThanChampion")),
    metric, confidence, margin: z.number().min(0).default(0).meta(about(margin, 0.01)), holdout,
  }),
  z.strictObject({
    kind: z.literal("slicesNoWorse").meta(about("In no slice of at least minRows rows the candidate is worse than the champion by more than the margin", "slicesNoWorse")),
    metric, margin: z.number().min(0).meta(about(margin, 0.03)), holdout,
  }),
  z.strictObject({
    kind: z.literal("flipsAtMost").meta(about("At most a share of rows changes its predicted class against the champion", "flipsAtMost")),
    share: z.number().min(0).max(1).meta(about("Largest share of rows", 0.05)), holdout,
  }),
  z.strictObject({
    kind: z.literal("latency").meta(about("Time to predict one row, in a process of its own; name p50, p99 or both", "latency")),
    p50: milliseconds.optional().meta(about(`${perRow} half of the rows`, "5ms")),
    p99: milliseconds.optional().meta(about(`${perRow} 99 of 100 rows`, "20ms")),
  }),
  z.strictObject({
    kind: z.literal("throughput").meta(about("Rows predicted in a second, in large batches", "throughput")),
    rowsPerSecond: z.number().positive().meta(about("At least so many rows a second", 10_000)),
  }),
  z.strictObject({ kind: z.literal("memory").meta(about("Peak memory of the process that predicts", "memory")), max: size.meta(about(`At most this, ${bytes}`, "512MB")) }),
  z.strictObject({ kind: z.literal("fileSize").meta(about("Size of model.onnx", "fileSize")), max: size.meta(about(`At most this, ${bytes}`, "50MB")) }),
]);
export type Gate = Readonly<z.infer<typeof gate>>;
export type GateInput = z.input<typeof gate>;
type Options<K extends Gate["kind"]> = Omit<Extract<GateInput, { kind: K }>, "kind">;

export const atLeast = (metric: string, value: number, options: { holdout?: string } = {}): GateInput => ({ kind: "atLeast", metric, value, ...options });
export const atMost = (metric: string, value: number, options: { holdout?: string } = {}): GateInput => ({ kind: "atMost", metric, value, ...options });
/** The paired interval of candidate minus champion must not show the candidate worse by more than `margin`. */
export const noWorseThanChampion = (metric: string, options: { confidence?: number; margin?: number; holdout?: string } = {}): GateInput => ({ kind: "noWorseThanChampion", metric, ...options });
/** No declared slice with enough rows may be worse than the champion's by more than `margin`. */
export const slicesNoWorse = (metric: string, margin: number, options: { holdout?: string } = {}): GateInput => ({ kind: "slicesNoWorse", metric, margin, ...options });
/** At most this share of rows may change its predicted class against the champion. */
export const flipsAtMost = (share: number, options: { holdout?: string } = {}): GateInput => ({ kind: "flipsAtMost", share, ...options });
/** One-row inference time in a throw-away process. */
export const latency = (options: Options<"latency">): GateInput => ({ kind: "latency", ...options });
export const throughput = (rowsPerSecond: number): GateInput => ({ kind: "throughput", rowsPerSecond });
export const memory = (max: string): GateInput => ({ kind: "memory", max });
export const fileSize = (max: string): GateInput => ({ kind: "fileSize", max });

/**
 * What a gate says of a candidate. Yes and not-applicable go on; no and not-evaluated never do:
 * evidence that is due and missing is not-evaluated, a named fact that makes the question moot is not-applicable.
 */
export const gateAnswer = z.enum(["yes", "no", "not-evaluated", "not-applicable"]);
export type GateAnswer = z.infer<typeof gateAnswer>;

export const gateResult = z.strictObject({
  gate: z.string(),
  answer: gateAnswer,
  reason: z.string(),
  observed: z.number().nullable(),
  limit: z.number().nullable(),
}).readonly();
export type GateResult = z.infer<typeof gateResult>;

