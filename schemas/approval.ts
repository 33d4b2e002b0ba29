import { z } from "zod";
import { instant } from "./time.ts";

/** What a person says to a waiting run. `digest` names what they saw, whole or its first 12 or more hex digits. */
export const answer = z.strictObject({
  by: z.string().min(1).max(120),
  digest: z.string().regex(/^[0-9a-f]{12,64}$/, "must be at least 12 hex digits of the digest that the run shows"),
  comment: z.string().max(2_000).default(""),
});
export type Answer = z.infer<typeof answer>;
export type AnswerInput = z.input<typeof answer>;

/** An answer as it is kept, also when it was refused. A raw signal's `by` is only claimed. */
export const recordedAnswer = z.strictObject({
  by: z.string(),
  claimed: z.boolean(),
  decision: z.enum(["approve", "reject"]),
  digest: z.string(),
  comment: z.string(),
  at: instant,
  /** Why it did not count; null where it did. */
  refused: z.string().nullable(),
}).readonly();
export type RecordedAnswer = z.infer<typeof recordedAnswer>;

/** What is asked: the digest is the SHA-256 of the RFC 8785 JSON `{run, model, evaluation, champion}`. */
export const question = z.strictObject({
  digest: z.string(),
  v: z.int(),
  required: z.int(),
  approvers: z.array(z.string()).nullable(),
  askedAt: instant,
  expiresAt: instant,
}).readonly();
export type Question = z.infer<typeof question>;
