import { expect, test } from "vitest";
import { createEvaluate } from "../../activities/evaluate.ts";
import { evaluation } from "../../schemas/evaluation.ts";
import { getBlob } from "../../stores/blobs.ts";
import { evaluationFixture } from "../support/evaluation-fixture.ts";

async function evaluate({ deps, input }: Awaited<ReturnType<typeof evaluationFixture>>, champion = input.champion) {
  const result = await createEvaluate(deps)({ ...input, champion });
  return evaluation.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, result.evaluation))));
}

test("a binary candidate is measured, agrees with its trainer, and passes on a first run", async () => {
  const facts = await evaluate(await evaluationFixture("binary"));
  console.log(JSON.stringify({ ...facts, holdouts: facts.holdouts.map((h) => ({ ...h, calibration: h.calibration.length, worstRows: h.worstRows.slice(0, 2) })) }, null, 1));
  expect(facts.passed).toBe(true);
});
