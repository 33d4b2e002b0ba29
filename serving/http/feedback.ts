import { z } from "zod";
import { readAs } from "../../schemas/boundary.ts";
import { instant } from "../../schemas/time.ts";

const item = z.strictObject({
  prediction_id: z.string().min(1).max(200),
  row: z.int().min(0).default(0),
  label: z.union([z.string().max(10_000), z.number(), z.boolean()]),
  at: instant.optional(),
}).readonly();

const request = z.strictObject({ items: z.array(item).min(1).max(10_000) });

/** What came of a prediction, as a caller says it. */
export interface FeedbackItem {
  readonly predictionId: string;
  /** Place in the request that was answered. */
  readonly row: number;
  readonly label: string | number | boolean;
  /** When it was known, UTC; null: now. */
  readonly at: string | null;
}

/** Null where it was taken, else why not. */
export type FeedbackResult = { readonly refused: string | null };

/** Where feedback goes. */
export interface Feedback {
  /** One result an item, in their order. @throws RelearnError `Overloaded`. */
  accept(items: readonly FeedbackItem[]): Promise<readonly FeedbackResult[]>;
}

/** @throws RelearnError `InvalidInput`. */
export function readFeedback(body: unknown): readonly FeedbackItem[] {
  return readAs(request, body, "the feedback").items.map(({ prediction_id: predictionId, row, label, at }) => ({ predictionId, row, label, at: at ?? null }));
}

/** `{"accepted": n, "results": [{"prediction_id", "row", "accepted", "error"?}]}`. */
export function encodeFeedback(items: readonly FeedbackItem[], results: readonly FeedbackResult[]): string {
  const each = items.map(({ predictionId, row }, i) => {
    const refused = results[i]?.refused ?? null;
    return { prediction_id: predictionId, row, accepted: refused === null, ...(refused === null ? {} : { error: refused }) };
  });
  return JSON.stringify({ accepted: each.filter(({ accepted }) => accepted).length, results: each });
}
