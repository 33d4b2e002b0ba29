import { z } from "zod";

/** Which figures a model can be judged by. Custom SQL metrics of the definition are named here too. */
export const metricName = z.string().min(1).max(63);

const confidence = z.number().gt(0.5).lt(1).default(0.95);
const milliseconds = z.string().regex(/^\d+(\.\d+)?(us|ms|s)$/, "must be a time such as 5ms");
const size = z.string().regex(/^\d+(\.\d+)?(KB|MB|GB)$/, "must be a size such as 512MB");

/** A condition a candidate must meet, as written in a definition. */
export const gate = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("atLeast"), metric: metricName, value: z.number(), holdout: z.string().default("recent") }),
  z.strictObject({ kind: z.literal("atMost"), metric: metricName, value: z.number(), holdout: z.string().default("recent") }),
  z.strictObject({ kind: z.literal("noWorseThanChampion"), metric: metricName, confidence, margin: z.number().min(0).default(0), holdout: z.string().default("recent") }),
  z.strictObject({ kind: z.literal("slicesNoWorse"), metric: metricName, margin: z.number().min(0), holdout: z.string().default("recent") }),
  z.strictObject({ kind: z.literal("flipsAtMost"), share: z.number().min(0).max(1), holdout: z.string().default("recent") }),
  z.strictObject({ kind: z.literal("latency"), p50: milliseconds.optional(), p99: milliseconds.optional() }),
  z.strictObject({ kind: z.literal("throughput"), rowsPerSecond: z.number().positive() }),
  z.strictObject({ kind: z.literal("memory"), max: size }),
  z.strictObject({ kind: z.literal("fileSize"), max: size }),
]);
export type Gate = Readonly<z.infer<typeof gate>>;
export type GateInput = z.input<typeof gate>;
type Options<K extends Gate["kind"]> = Omit<Extract<GateInput, { kind: K }>, "kind">;

export const atLeast = (metric: string, value: number, options: { holdout?: string } = {}): GateInput => ({ kind: "atLeast", metric, value, ...options });
export const atMost = (metric: string, value: number, options: { holdout?: string } = {}): GateInput => ({ kind: "atMost", metric, value, ...options });
/** The paired interval of candidate minus champion must not show the candidate worse by more than `margin`. */
export const noWorseThanChampion = (metric: string, options: { confidence?: number; margin?: number; holdout?: string } = {}): GateInput => ({ kind: "noWorseThanChampion", metric, ...options });
/** No declared slice with enough rows may be worse than the champion's by more than `margin`. */
export const slicesNoWorse = (metric: string, margin: number): GateInput => ({ kind: "slicesNoWorse", metric, margin });
/** At most this share of rows may change its predicted class against the champion. */
export const flipsAtMost = (share: number): GateInput => ({ kind: "flipsAtMost", share });
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

