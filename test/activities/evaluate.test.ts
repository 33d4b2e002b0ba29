import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEvaluate } from "../../activities/evaluate.ts";
import type { VersionRef } from "../../activities/contract.ts";
import { type Evaluation, evaluation } from "../../schemas/evaluation.ts";
import { atLeast, flipsAtMost, latency, noWorseThanChampion, slicesNoWorse } from "../../schemas/gate.ts";
import { getBlob } from "../../stores/blobs.ts";
import { type EvaluationFixture, evaluationFixture, fixture, windows } from "../support/evaluation-fixture.ts";

async function evaluate({ deps, input }: EvaluationFixture, champion: VersionRef | null = null): Promise<Evaluation> {
  const result = await createEvaluate(deps)({ ...input, champion });
  return evaluation.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, result.evaluation))));
}

const answers = ({ gates }: Evaluation) => Object.fromEntries(gates.map(({ gate, answer }) => [gate, answer]));
const earlier = { windows: { ...windows, train: { from: "2012-12-01T00:00:00Z", to: "2013-01-01T00:00:00Z" } } };

describe.each(["binary", "multiclass", "regression"] as const)("a %s candidate", (task) => {
  test("agrees with its trainer, beats the baseline and passes on a first run", async () => {
    const one = await evaluationFixture(task);
    const facts = await evaluate(one);
    expect(facts.passed, JSON.stringify(facts.gates)).toBe(true);
    expect(facts.parity.rows).toBe(1000);
    expect(facts.parity.largest).toBeLessThan(1e-5);
    const [recent] = facts.holdouts;
    expect(recent).toMatchObject({ holdout: "recent", rows: 1000, champion: null, difference: null, flips: null });
    expect(recent!.worstRows).toHaveLength(20);
    expect(recent!.worstRows[0]!.key).toMatch(/^k\d{5}$/);
    expect(recent!.calibration.length > 0).toBe(task !== "regression");
    expect(facts.resources.latencyMs.runs).toBeGreaterThanOrEqual(200);
    expect(facts.resources.peakBytes).toBeGreaterThan(2 ** 20);
    expect(readdirSync(join(one.deps.scratch, "scoring"))).toEqual([]);
  });
});

test("candidate and champion are compared on the same rows, as a whole and by slice", async () => {
  const one = await evaluationFixture("binary", {
    gates: [atLeast("auc", 0.6), noWorseThanChampion("log_loss"), slicesNoWorse("auc", 0.03), flipsAtMost(0.5), latency({ p99: "1s" })],
    slices: { far: "distance > 1500", b6: "carrier = 'B6'", none: "delay > 100" },
    metrics: { gain: { sql: "avg(case when score > 0.5 then late::int * 2 - 1 else 0 end)", better: "higher" } },
  });
  const facts = await evaluate(one, await one.champion("binary-weak.onnx", earlier));
  expect(facts.champion).toMatchObject({ v: 1, trainedOnHoldout: false });
  const [recent] = facts.holdouts;
  expect(recent!.difference!["log_loss"]!.high).toBeLessThan(0);
  expect(recent!.difference!["log_loss"]!.value).toBeCloseTo(recent!.candidate["log_loss"]!.value! - recent!.champion!["log_loss"]!.value!, 12);
  expect(recent!.candidate["gain"]!.low).toBeLessThan(recent!.candidate["gain"]!.value!);
  expect(recent!.difference!["gain"]!.value).not.toBeNull();
  expect(recent!.flips!.rows).toBe(Math.round(recent!.flips!.share * 1000));
  expect(recent!.slices.map(({ slice, rows }) => `${slice} ${rows > 0}`)).toEqual(["b6 true", "far true", "none false"]);
  expect(answers(facts)).toMatchObject({ "log_loss no worse than champion": "yes", "auc no worse in slice far": "yes", "auc no worse in slice none": "not-applicable", "latency p99 at most 1s": "yes" });
  expect(facts.passed, JSON.stringify(facts.gates)).toBe(true);
});

test("a candidate worse than the champion is stopped, and by the same facts each time but for the measured resources", async () => {
  const one = await evaluationFixture("binary", { gates: [atLeast("auc", 0.6), noWorseThanChampion("log_loss")] }, { model: await fixture("binary-weak.onnx"), predictions: await fixture("binary.parquet") });
  const champion = await one.champion("binary.onnx", earlier);
  const [first, second] = [await evaluate(one, champion), await evaluate(one, champion)];
  expect(answers(first)).toMatchObject({ parity: "no", "log_loss no worse than champion": "no" });
  expect(first.passed).toBe(false);
  const { resources: _, ...facts } = first;
  const { resources: __, ...again } = second;
  expect(again).toEqual(facts);
});

test("a champion trained on holdout rows is no measure", async () => {
  const one = await evaluationFixture("binary", { gates: [atLeast("auc", 0.6), noWorseThanChampion("auc")] });
  const facts = await evaluate(one, await one.champion("binary.onnx", { windows: { ...windows, train: { from: "2013-01-01T00:00:00Z", to: "2013-02-02T00:00:00Z" } } }));
  expect(facts.champion!.trainedOnHoldout).toBe(true);
  expect(answers(facts)["auc no worse than champion"]).toBe("not-evaluated");
  expect(facts.passed).toBe(false);
});

test("a champion that cannot be run any more is a fact, not a failure", async () => {
  const one = await evaluationFixture("binary", { gates: [atLeast("auc", 0.6), noWorseThanChampion("auc")] });
  for (const champion of [await one.champion((await fixture("binary.onnx")).subarray(0, 500), earlier), await one.champion("binary.onnx", { ...earlier, inputs: [{ name: "gone", column: { type: "number", nullable: false, wide: false, feature: true } }] })]) {
    const facts = await evaluate(one, champion);
    expect(facts.holdouts[0]!.difference!["auc"]!.why).toMatch(/the champion (could not be run|needs columns)/);
    expect(answers(facts)["auc no worse than champion"]).toBe("not-evaluated");
  }
});

test("a metric of the definition never stands for one that is measured, and one row's never for all", async () => {
  const facts = await evaluate(await evaluationFixture("binary", { metrics: { auc: { sql: "max(1.0)", better: "higher" } }, gates: [atLeast("auc", 0.999)] }));
  expect(answers(facts)).toMatchObject({ "auc at least 0.999": "no", "absolute quality": "no" });
  await expect(evaluate(await evaluationFixture("binary", { metrics: { one: { sql: "score", better: "higher" } }, gates: [atLeast("one", 0)] }))).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringContaining('metric "one"') });
});

describe("a trainer's output that is wrong", () => {
  test("another model's predictions: parity says no", async () => {
    const facts = await evaluate(await evaluationFixture("binary", {}, { model: await fixture("binary-weak.onnx") }));
    expect(answers(facts)["parity"]).toBe("no");
  });

  test("predictions that cannot be read, or are of another task: not evaluated, and said why", async () => {
    for (const predictions of [Buffer.from("PAR1 but not really"), await fixture("regression.parquet")]) {
      const facts = await evaluate(await evaluationFixture("binary", {}, { predictions }));
      expect(facts.parity).toMatchObject({ largest: null, why: expect.stringMatching(/predictions.parquet cannot be read/) });
      expect(facts.passed).toBe(false);
    }
  });

  test("a model that wants other inputs, or is cut, is refused by name", async () => {
    await expect(evaluate(await evaluationFixture("binary", { columns: { distance: { type: "number", nullable: true }, carrier: { type: "category" } } }))).rejects.toMatchObject({ type: "ModelRefused", message: expect.stringContaining('"delay"') });
    await expect(evaluate(await evaluationFixture("binary", {}, { model: (await fixture("binary.onnx")).subarray(0, 800) }))).rejects.toMatchObject({ type: "ModelRefused" });
  });

  test("a slice that is no single expression is refused by name", async () => {
    await expect(evaluate(await evaluationFixture("binary", { slices: { bad: "1=1 union select 1" } }))).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringContaining('slice "bad"') });
  });
});

