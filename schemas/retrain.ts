import { z } from "zod";
import { about } from "./about.ts";
import { duration, instant } from "./time.ts";

/** When runs start by themselves, as written in a definition. */
export const retrain = z.strictObject({
  schedule: z.string().min(9).optional().meta(about("Five-field cron in the pipeline's time zone; left out, no schedule starts runs", "0 3 1 * *")),
  onDrift: z.boolean().default(true).meta(about("Whether an alarm that asks for retraining starts a run", false)),
  onData: z.boolean().default(false).meta(about("Whether data that has newly landed starts a run", true)),
  mode: z.enum(["automatic", "manual"]).default("automatic").meta(about("Whether causes start runs, or only propose them to a person", "manual")),
  cooldown: duration.default("PT0S").meta(about("Least time between two runs that nobody asked for, by the times as of which they run", "P3D")),
  maxPerMonth: z.int().min(0).optional().meta(about("Most runs in a calendar month before no other starts by itself; left out, as many as there are causes", 4)),
  gpuHoursPerMonth: z.number().min(0).optional().meta(about("Most hours of accelerators that runs may have used in a calendar month before no other starts by itself", 20)),
});
export type RetrainSettings = Readonly<z.infer<typeof retrain>>;

/** What a person changes while it runs, over what the definition says; null takes the definition's again. */
export const retrainChange = z.strictObject({
  onDrift: z.boolean().nullable().optional(),
  onData: z.boolean().nullable().optional(),
  mode: z.enum(["automatic", "manual"]).nullable().optional(),
  cooldown: duration.nullable().optional(),
  maxPerMonth: z.int().min(0).nullable().optional(),
  gpuHoursPerMonth: z.number().min(0).nullable().optional(),
}).readonly();
export type RetrainChange = z.infer<typeof retrainChange>;

/** `reports/<model>/retraining/<reversed time>-<hash>.json`: one change, on the record for ever. */
export const recordedChange = z.strictObject({
  version: z.literal(1),
  at: instant,
  by: z.string().min(1).max(200),
  reason: z.string().max(4_000).nullable(),
  change: retrainChange,
}).readonly();
export type RecordedChange = z.infer<typeof recordedChange>;
