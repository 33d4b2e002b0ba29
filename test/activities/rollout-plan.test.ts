import { describe, expect, test } from "vitest";
import { rolloutPlan, withAllowance } from "../../activities/rollout-plan.ts";
import { canary, rollout } from "../../schemas/rollout.ts";
import { sampleEvaluation } from "../cli/samples.ts";

const plan = rolloutPlan(rollout.parse(canary([5, 50], { each: "PT1M" })));
const champion = sampleEvaluation.champion!.model;
const evaluation = (change: object = {}) => ({ ...sampleEvaluation, holdouts: sampleEvaluation.holdouts.map((holdout) => ({ ...holdout, outputShift: 0.12 })), passed: true, ...change });
const allowances = (of: ReturnType<typeof withAllowance>) => of.guards.map(({ metric, allowance }) => [metric, allowance]);

describe("the plan of a rollout", () => {
  test("allows for outputs that differ as far as they did in the evaluation against the champion that serves", () => {
    expect(allowances(withAllowance(plan, evaluation(), champion))).toEqual([["p99_ms", undefined], ["wrong_rate", undefined], ["error_rate", undefined], ["output_shift", 0.12]]);
  });

  test.each([
    ["another champion serves", evaluation(), "d".repeat(64)],
    ["the evaluation was against none", evaluation({ champion: null }), champion],
    ["it was made before it was measured", evaluation({ holdouts: [] }), champion],
    ["it did not pass its gates", evaluation({ passed: false }), champion],
    ["it cannot be read", null, champion],
  ])("allows for nothing where %s", (_, found, serving) => {
    expect(withAllowance(plan, found, serving)).toEqual(plan);
  });
});
