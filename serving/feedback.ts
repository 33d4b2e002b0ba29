import { setImmediate as othersTurn } from "node:timers/promises";
import type { ModelContract } from "../inference/contract.ts";
import { type FeedbackItem, feedbackItem, type FeedbackRecord } from "../schemas/feedback.ts";
import { problemsOf } from "../schemas/problems.ts";
import type { PredictionIds } from "./prediction-log.ts";

/** What became of one item, in the order of the items. */
export type FeedbackResult = { readonly prediction_id: string; readonly accepted: true } | { readonly prediction_id: string; readonly accepted: false; readonly reason: string };

/** Where callers say what came true. */
export interface Feedback {
  /**
   * Takes labels of predictions; those that are accepted are on this machine's disk when it resolves, whatever the mode of the prediction log.
   * @param source name of who sends them
   * @throws RelearnError `Overloaded` when the disk's share is full.
   */
  accept(items: readonly unknown[], source: string): Promise<readonly FeedbackResult[]>;
}

export interface FeedbackParts {
  readonly ids: PredictionIds;
  /** Models that are served here. */
  readonly models: () => readonly string[];
  /** Contracts of the versions of a model that answer now. */
  readonly contracts: (model: string) => readonly ModelContract[];
  readonly keep: (model: string, record: FeedbackRecord) => Promise<void>;
  readonly now: () => number;
}

/** Judging ten thousand items takes up to a second, in which nobody else would be answered. */
const judgedAtOnce = 64;

/** Characters of a reason: an item may have any number of keys that are not known, of any length. */
const mostReason = 500;

/** Accepts labels for predictions that some replica with the same key issued, of the kind that their model predicts. */
export function feedbackFrom({ ids, models, contracts, keep, now }: FeedbackParts): Feedback {
  const judge = (item: unknown, seen: Set<string>, { received, source }: { readonly received: string; readonly source: string }): { id: string; model: string; record: FeedbackRecord } | { id: string; reason: string } => {
    const read = feedbackItem.safeParse(item);
    const named = (item as { prediction_id?: unknown } | null)?.prediction_id;
    const id = typeof named === "string" ? named.slice(0, 200) : "";
    if (!read.success) return { id, reason: problemsOf(feedbackItem, item, read.error.issues).map(({ field, text }) => `${field || "the item"}: ${text}`).join("; ").slice(0, mostReason) };
    const { row, at } = read.data;
    const model = models().find((name) => ids.issued(id, name));
    if (model === undefined) return { id, reason: "no model that is served here issued this prediction id" };
    const label = labelFor(contracts(model), read.data.label);
    if ("reason" in label) return { id, reason: label.reason };
    if (seen.has(`${id} ${row}`)) return { id, reason: `row ${row} of it has a label in this request already` };
    seen.add(`${id} ${row}`);
    return { id, model, record: { version: 1, prediction_id: id, row, ...label, at: at ?? null, received_at: received, source } };
  };
  return {
    async accept(items, source) {
      const received = new Date(now()).toISOString();
      const seen = new Set<string>();
      const judged: ReturnType<typeof judge>[] = [];
      for (const item of items) {
        judged.push(judge(item, seen, { received, source }));
        if (judged.length % judgedAtOnce === 0) await othersTurn();
      }
      await Promise.all(judged.flatMap((one) => ("record" in one ? [keep(one.model, one.record)] : [])));
      return judged.map((one) => ("record" in one ? { prediction_id: one.id, accepted: true } : { prediction_id: one.id, accepted: false, reason: one.reason }));
    },
  };
}

type Label = Pick<FeedbackRecord, "label" | "value"> | { readonly reason: string };

/** A label as the model's task has it. The value that was sent is not repeated in a refusal: it may be somebody's. */
function labelFor(contracts: readonly ModelContract[], given: FeedbackItem["label"]): Label {
  if (contracts.length === 0) return { reason: "its model does not answer now; try again later" };
  const { task } = contracts[0]!;
  if (task === "regression") return typeof given === "number" && Number.isFinite(given) ? { label: null, value: given } : { reason: `label: must be a number, found ${typeof given}` };
  const classes = [...new Set(contracts.flatMap((one) => one.classes ?? []))];
  const name = typeof given === "boolean" && !classes.includes(String(given)) ? String(Number(given)) : String(given);
  if (classes.includes(name)) return { label: name, value: null };
  return { reason: `label: must be one of ${classes.slice(0, 20).map((one) => JSON.stringify(one)).join(", ")}${classes.length > 20 ? ` and ${classes.length - 20} more` : ""}` };
}
