import type { FeedbackResult } from "../feedback.ts";
import { asList, asObject } from "../protocol/request-parameters.ts";
import { refuse, shown } from "../protocol/refuse.ts";

const mostItems = 10_000;

/** `{"items": [{"prediction_id", "row"?, "label", "at"?}]}`. @throws RelearnError `InvalidInput` where it is no list of objects. */
export function readFeedback(body: unknown): readonly unknown[] {
  const { items, ...others } = asObject(body, "the body");
  for (const name in others) refuse(`the body has ${shown(name)}, where only "items" is known`);
  const list = asList(items, "items");
  if (list.length < 1 || list.length > mostItems) refuse(`items: expected 1 to ${mostItems}, found ${list.length}`);
  return list.map((item, i) => asObject(item, `item ${i}`));
}

/** `{"accepted": n, "results": [...]}`: how many were taken, and what became of each. */
export function encodeFeedback(results: readonly FeedbackResult[]): string {
  return JSON.stringify({ accepted: results.filter(({ accepted }) => accepted).length, results });
}
