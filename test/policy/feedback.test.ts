import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heldLabels } from "../../policy/feedback.ts";
import type { FeedbackRecord } from "../../schemas/feedback.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";

const said = (label: string, second: number, change: Partial<FeedbackRecord> = {}): FeedbackRecord =>
  ({ version: 1, prediction_id: "p", row: 0, label, value: null, at: null, received_at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), source: null, ...change });
const digest = (records: readonly FeedbackRecord[]): string => sha256Hex(canonicalBytes(heldLabels(records)));

describe("the label that holds", () => {
  test("is the one received last, each row by itself", () => {
    const held = heldLabels([said("1", 5), said("0", 9), said("1", 1, { row: 1 }), said("0", 2, { prediction_id: "q" })]);
    expect(held.map(({ prediction_id, row, label }) => [prediction_id, row, label])).toEqual([["p", 0, "0"], ["p", 1, "1"], ["q", 0, "0"]]);
  });

  test("is not touched by a repeat of it, and is by a correction back to what was said before", () => {
    const once = [said("1", 1), said("0", 2)];
    expect(digest([...once, said("0", 3), said("0", 4)])).toBe(digest(once));
    expect(heldLabels([...once, said("1", 5)])).toEqual([expect.objectContaining({ label: "1", received_at: said("1", 5).received_at })]);
  });

  test("is the same in whatever order, and however often, labels arrive", () => {
    const one = fc.record({ label: fc.constantFrom("0", "1", "2"), second: fc.integer({ min: 0, max: 5 }), row: fc.integer({ min: 0, max: 2 }), prediction_id: fc.constantFrom("p", "q") })
      .map(({ label, second, ...rest }) => said(label, second, rest));
    const shuffled = fc.array(one, { maxLength: 30 }).chain((records) => fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length }), fc.subarray(records)));
    fc.assert(fc.property(shuffled, ([records, other, again]) => digest(other.concat(again)) === digest(records)), { numRuns: 1_000 });
  });
});
