import { expect, test } from "vitest";
import type { FeedbackRecord } from "../../schemas/feedback.ts";
import { feedbackFrom } from "../../serving/feedback.ts";
import { contract, ids } from "./prediction-spool/samples.ts";

const now = Date.UTC(2026, 10, 26);
const houses = { ...contract, model: "houses", task: "regression" as const, classes: null };
const grades = { ...contract, model: "grades", task: "multiclass" as const, classes: ["low", "true", "high"] };

async function accepted(items: readonly unknown[], serving = [contract, houses, grades]) {
  const kept: FeedbackRecord[] = [];
  const feedback = feedbackFrom({ ids, models: () => ["flights", "houses", "grades"], contracts: (model) => serving.filter((one) => one.model === model), keep: async (_, one) => void kept.push(one), now: () => now });
  const results = await feedback.accept(items, "shop");
  return { kept, reasons: results.map((one) => (one.accepted ? "accepted" : one.reason)) };
}

test("labels are kept as the model's own task has them", async () => {
  const items = [["flights", 1], ["flights", "0"], ["flights", true], ["houses", 250_000.5], ["grades", "high"], ["grades", true]].map(([model, label]) => ({ prediction_id: ids.issue(model as string), label, at: "2026-11-25T00:00:00Z" }));
  const { kept, reasons } = await accepted(items);
  expect(reasons).toEqual(items.map(() => "accepted"));
  expect(kept.map(({ label, value }) => label ?? value)).toEqual(["1", "0", "1", 250_000.5, "high", "true"]);
  expect(kept[0]).toEqual({ version: 1, prediction_id: items[0]!.prediction_id, row: 0, label: "1", value: null, at: "2026-11-25T00:00:00Z", received_at: "2026-11-26T00:00:00.000Z", source: "shop" });
});

test("what cannot be right is refused one by one, saying why, and the rest is kept", async () => {
  const [good, twice] = [ids.issue("flights"), ids.issue("flights")];
  const { kept, reasons } = await accepted([
    { prediction_id: good, label: "1" }, { prediction_id: "made-up", label: "1" }, { prediction_id: good, row: 1, label: "2" }, { prediction_id: ids.issue("houses"), label: "cheap" }, { prediction_id: ids.issue("houses"), label: NaN },
    { prediction_id: good, label: "1", row: -1 }, { prediction_id: good, label: "1", at: "yesterday" }, { prediction_id: good, label: "1", colour: "red" }, null, "x", { label: 1 }, { prediction_id: ids.issue("sales"), label: "1" },
    { prediction_id: twice, label: "0" }, { prediction_id: twice, label: "1" },
  ]);
  expect(kept.map(({ prediction_id }) => prediction_id)).toEqual([good, twice]);
  expect(reasons).toEqual([
    "accepted", expect.stringMatching(/issued this prediction id/), expect.stringMatching(/^label: must be one of "0", "1"$/), expect.stringMatching(/^label: must be a number, found string/), expect.stringMatching(/label/),
    expect.stringMatching(/^row: /), expect.stringMatching(/^at: must be a UTC instant/), expect.stringMatching(/colour/), expect.stringMatching(/./), expect.stringMatching(/./), expect.stringMatching(/prediction_id/), expect.stringMatching(/issued this prediction id/),
    "accepted", expect.stringMatching(/has a label in this request already/),
  ]);
});

test("a reason does not repeat all that a caller made up", async () => {
  const made = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field ${i}`, 1]));
  const { reasons } = await accepted([{ ["x".repeat(100_000)]: 1 }, made, { prediction_id: "x".repeat(100_000), label: "1" }]);
  for (const reason of reasons) expect(reason.length).toBeLessThanOrEqual(500);
});

test("labels of a model that does not answer are to be sent again", async () => {
  expect((await accepted([{ prediction_id: ids.issue("flights"), label: "1" }], [])).reasons).toEqual([expect.stringMatching(/does not answer now; try again later/)]);
});

test("a request of ten thousand labels lets others have their turn", async () => {
  let turns = 0;
  const count = setInterval(() => turns++, 0);
  await accepted(new Array(10_000).fill({ prediction_id: "made-up", label: "1" }));
  clearInterval(count);
  expect(turns).toBeGreaterThan(10);
});
