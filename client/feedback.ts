import { instantOf } from "./ask.ts";
import { type Connection, jsonOf, send, type Waiting } from "./send.ts";

/** What came true of a prediction. */
export interface FeedbackItem {
  /** From the answer. */
  readonly predictionId: string;
  /** Of the request's rows, from 0, which is the default. */
  readonly row?: number | undefined;
  /** The class by its name; of a regression, a number. */
  readonly label: string | number | boolean;
  /** When it came true; now where it is left out. */
  readonly at?: Date | string | undefined;
}

/** How many items were taken, and what became of each, in their order. */
export interface FeedbackAnswer {
  readonly accepted: number;
  readonly results: readonly { readonly predictionId: string; readonly accepted: boolean; /** Of a refusal. */ readonly reason?: string }[];
}

interface Result { readonly prediction_id: string; readonly accepted: boolean; readonly reason?: string }

/** Labels over `/v1/feedback`. */
export async function giveFeedback(connection: Connection, items: readonly FeedbackItem[], waiting: Waiting): Promise<FeedbackAnswer> {
  const sent = items.map(({ predictionId, row, label, at }) => ({ prediction_id: predictionId, row, label, at: at === undefined ? undefined : instantOf(at) }));
  const reply = await send(connection, { path: "/v1/feedback", body: JSON.stringify({ items: sent }), ...waiting });
  const { accepted, results } = jsonOf(reply, reply.body) as { readonly accepted: number; readonly results: readonly Result[] };
  return { accepted, results: results.map(({ prediction_id: predictionId, ...rest }) => ({ predictionId, ...rest })) };
}
