import { z } from "zod";
import { blobRef } from "./names.ts";
import { instant } from "./time.ts";

/** Why a run starts. `key` names the occasion: a schedule's nominal time, an alarm's delivery id, a person's fresh one. */
export const cause = z.strictObject({
  kind: z.enum(["person", "schedule"]),
  key: z.string().min(1).max(200),
  by: z.string().max(120).nullable(),
}).readonly();
export type Cause = z.infer<typeof cause>;

/** What starts `retraining`: a cause, the time as of which its windows close, and the definition to run. */
export const trigger = z.strictObject({ cause, asOf: instant, definition: blobRef, pipeline: z.string() }).readonly();
export type Trigger = z.infer<typeof trigger>;
