import { z } from "zod";
import { about } from "./about.ts";
import { duration, span } from "./time.ts";

/** What is watched while a new version takes over. */
export const guardMetric = z.enum(["error_rate", "p50_ms", "p99_ms", "output_shift", "disagreement", "wrong_rate"]);
export type GuardMetric = z.infer<typeof guardMetric>;

/** `error_rate > 0.01`: the new version goes back when the evidence shows this of it. */
export const guardExpression = z.string().regex(/^(error_rate|p50_ms|p99_ms|output_shift|disagreement|wrong_rate) > \d+(\.\d+)?$/, "must be error_rate, p50_ms, p99_ms, output_shift, disagreement or wrong_rate, then \" > \" and a number, such as \"error_rate > 0.01\"");

const rollbackOn = z.array(guardExpression).max(20).default(["error_rate > 0.01", "output_shift > 0.25"])
  .meta(about("What sends the new version back: error_rate, p50_ms, p99_ms, output_shift (PSI), disagreement or wrong_rate (of labelled predictions), above a number", ["error_rate > 0.01", "p99_ms > 50"]));
const samples = z.int().min(1).default(200).meta(about("Fewest predictions of the new version before a step is judged", 500));
const labels = z.int().min(0).default(0).meta(about("Fewest labelled predictions before a step goes on, counted over all steps; 0: labels are judged where they come in, and not waited for", 300));
const each = (what: string, example: string) => duration.meta(about(what, example));
const within = (limit: string, example: string) => span.default(limit).meta(about("Longest time it may take, by the clock on the wall and not counting pauses; what has not taken over by then goes back", example));
const percent = z.number().gt(0).max(100);

/** How an approved version takes over, as written in a definition. */
export const rollout = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("blueGreen").meta(about("The new version is made ready beside the old one, and takes all traffic at once; the old one stays ready", "blueGreen")),
    within: within("PT10M", "PT30M"),
  }),
  z.strictObject({
    kind: z.literal("shadow").meta(about("The new version answers a copy of the traffic, whose answers nobody gets, and takes over when they agree", "shadow")),
    share: percent.default(100).meta(about("Percent of the traffic that is copied", 20)),
    for: each("How long it is watched, by the time of its own predictions", "PT1H"),
    samples, labels, rollbackOn,
    within: within("P7D", "P2D"),
  }),
  z.strictObject({
    kind: z.literal("canary").meta(about("The new version takes a growing share of the traffic", "canary")),
    steps: z.array(percent).min(1).max(20).refine((steps) => steps.every((share, i) => i === 0 || share > steps[i - 1]!), "must rise from step to step")
      .meta(about("Percent of the traffic at each step, rising; after the last one it is the champion", [5, 25, 50, 100])),
    each: each("How long each step lasts at least, by the time of the model's own predictions", "PT10M"),
    samples, labels, rollbackOn,
    within: within("P7D", "P2D"),
  }),
]);
export type Rollout = Readonly<z.infer<typeof rollout>>;
export type RolloutInput = z.input<typeof rollout>;
type Options<K extends Rollout["kind"]> = Omit<Extract<RolloutInput, { kind: K }>, "kind" | "steps">;

/** Made ready beside the old version, then switched to at once; the old one stays ready for an instant way back. */
export const blueGreen = (options: Options<"blueGreen"> = {}): RolloutInput => ({ kind: "blueGreen", ...options });
/** Answers a copy of the traffic for a while before it takes over. */
export const shadow = (options: Options<"shadow">): RolloutInput => ({ kind: "shadow", ...options });
/** Takes a growing share of the traffic, in percent. */
export const canary = (steps: readonly number[], options: Options<"canary">): RolloutInput => ({ kind: "canary", steps: [...steps], ...options });
