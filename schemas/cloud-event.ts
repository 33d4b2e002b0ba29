import { z } from "zod";
import { moment } from "./alert-group.ts";

const text = z.string().min(1).max(2_000);

/** A CloudEvent 1.0 as it comes in. Extensions are attributes beside the others; those that are not known are let be. */
export const cloudEvent = z.object({
  specversion: z.literal("1.0"),
  id: text,
  source: text,
  type: text,
  subject: text.optional(),
  time: moment.optional(),
  data: z.unknown().optional(),
  /** Extension: which pipeline it speaks of. */
  pipeline: text.optional(),
  /** Extension: what to do about it. */
  relearnproposal: text.optional(),
});
export type CloudEvent = z.infer<typeof cloudEvent>;

/** The body that Standard Webhooks 1.0 recommends. */
export const standardBody = z.object({ type: text, timestamp: moment.optional(), data: z.unknown().optional() });

/** What an event's data may say to Relearn. Anything else may stand beside it. */
export const eventData = z.object({
  pipeline: text.optional(),
  message: z.string().optional(),
  relearn_proposal: text.optional(),
  status: z.string().optional(),
});
export type EventData = z.infer<typeof eventData>;
