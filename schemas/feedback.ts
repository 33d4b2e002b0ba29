import { z } from "zod";
import { instant } from "./time.ts";

/** What a caller says of a prediction: the label that came true. */
export const feedbackItem = z.strictObject({
  prediction_id: z.string().min(1).max(200),
  /** Of the request's rows, from 0. */
  row: z.int().min(0).max(1_000_000).default(0),
  /** Class by its name, or a number; of a regression, a number. */
  label: z.union([z.string().max(1_000), z.number(), z.boolean()]),
  /** When it came true. */
  at: instant.optional(),
});
export type FeedbackItem = z.infer<typeof feedbackItem>;

/** Who sent a label to a server of which nobody has a token: somebody on its own machine. */
export const localSource = "local";

/** Feedback that was accepted, as it is spooled and kept. */
export const feedbackRecord = z.strictObject({
  version: z.literal(1),
  prediction_id: z.string(),
  row: z.int().min(0),
  /** Name of a class; null of a regression. */
  label: z.string().nullable(),
  value: z.number().nullable(),
  at: instant.nullable(),
  received_at: instant,
  /** Name of the token that sent it, `localSource` where nobody has one; null of what was kept before it was noted. */
  source: z.string().min(1).nullable().default(null),
}).readonly();
export type FeedbackRecord = z.infer<typeof feedbackRecord>;
