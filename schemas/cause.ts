import { z } from "zod";
import { alarmRef } from "./alarm.ts";
import { blobRef } from "./names.ts";
import { instant } from "./time.ts";

/**
 * Why a run starts. `data`: data has newly landed. `definition`: the definition, or the code beside it, is another. `webhook`: another system asks.
 * `key` names the occasion: a schedule's nominal time, an alarm's id, a delivery's id, a person's fresh one.
 */
export const cause = z.strictObject({
  kind: z.enum(["person", "schedule", "alarm", "webhook", "data", "definition"]),
  key: z.string().min(1).max(200),
  by: z.string().max(120).nullable(),
}).readonly();
export type Cause = z.infer<typeof cause>;

/**
 * What `retraining` answers with a run: a cause, the time as of which its windows close, and the definition to run. With `version`
 * nothing is trained: the run evaluates that version again, and asks for it. `alarm`: what alarmed, where something did. `heardAt`: when
 * `retraining` took it in, by the wall clock; senders leave it out.
 */
export const trigger = z.strictObject({ cause, asOf: instant, definition: blobRef, pipeline: z.string(), version: z.int().min(1).optional(), alarm: alarmRef.optional(), heardAt: instant.optional() }).readonly();
export type Trigger = z.infer<typeof trigger>;
