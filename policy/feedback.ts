import type { FeedbackRecord } from "../schemas/feedback.ts";

/** A prediction's row and the label that holds for it. */
export type HeldLabel = Pick<FeedbackRecord, "prediction_id" | "row" | "label" | "value" | "at" | "received_at">;

/**
 * The label that holds for each row of each prediction: what was received last. A repeat of what holds changes nothing, not even when it was
 * received; two that were received at once are put in the order of what they say. So the answer depends on what was said and when, and not on the
 * order in which files are read, nor on how often one is.
 * @returns sorted by prediction and row.
 */
export function heldLabels(records: readonly FeedbackRecord[]): readonly HeldLabel[] {
  const held = new Map<string, HeldLabel>();
  for (const record of records.toSorted(byReceipt)) {
    const key = `${record.prediction_id} ${record.row}`;
    const before = held.get(key);
    if (before === undefined || said(before) !== said(record)) held.set(key, labelOf(record));
  }
  return [...held.values()].sort((a, b) => compare(a.prediction_id, b.prediction_id) || a.row - b.row);
}

const said = ({ label, value, at }: HeldLabel): string => JSON.stringify([label, value, at]);
const byReceipt = (a: FeedbackRecord, b: FeedbackRecord): number => Date.parse(a.received_at) - Date.parse(b.received_at) || compare(said(a), said(b));
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const labelOf = ({ prediction_id, row, label, value, at, received_at }: FeedbackRecord): HeldLabel => ({ prediction_id, row, label, value, at, received_at });
