import { expect, test } from "vitest";
import type { ModelContract } from "../../inference/contract.ts";
import { labelCounts } from "../../schemas/replica.ts";
import { rememberAnswers } from "../../serving/labelled-answers.ts";

const contract = (v: number, rest: Partial<ModelContract> = {}): ModelContract => ({ model: "rides", v, digest: String(v).repeat(64), columns: [], inputs: [], task: "binary", classes: ["0", "1"], ...rest });
const [old, fresh] = [contract(1), contract(2)];
const late = Float32Array.of(0.2, 0.8);
const step = { id: "r", step: 0, share: 20 };
const said = (prediction_id: string, label: string | number, row = 0) => ({ version: 1, prediction_id, row, label: typeof label === "string" ? label : null, value: typeof label === "number" ? label : null, at: null, received_at: "2026-03-01T00:00:00Z", source: null }) as const;

function remembering(most?: number) {
  const answers = rememberAnswers(most);
  answers.begin(step);
  return { ...answers, of: (variant: string) => answers.counts().map((one) => labelCounts.parse(one)).filter((one) => one.variant === variant) };
}

test("labels count for and against the version that answered, repeated ones once, corrected ones as they are corrected", () => {
  const answers = remembering();
  answers.answered("a", fresh, "canary", late, 1);
  answers.answered("b", old, "champion", late, 1);
  for (const label of ["0", "0"]) answers.label(said("a", label));
  answers.label(said("b", "1"));
  answers.label(said("nobody asked", "0"));
  answers.label(said("a", "0", 7));
  expect(answers.counts()).toMatchObject([{ rollout: "r", step: 0, share: 20, v: 2, variant: "canary", requests: 1, labelled: 1, wrong: 1 }, { v: 1, variant: "champion", requests: 1, labelled: 1, wrong: 0 }]);
  answers.label(said("a", "1"));
  expect(answers.of("canary")).toMatchObject([{ requests: 1, labelled: 1, wrong: 0 }]);
});

test("a late label counts at the step of its prediction, and not at all for what was no comparison or another rollout", () => {
  const answers = remembering();
  answers.answered("before", old, "champion", late, 1);
  answers.forgetStep();
  answers.answered("first", fresh, "canary", late, 1);
  answers.begin({ ...step, step: 1, share: 50 });
  answers.answered("second", fresh, "canary", late, 1);
  for (const id of ["before", "first", "second"]) answers.label(said(id, "0"));
  expect(answers.counts().map((one) => [one.variant, one.step, one.share, one.labelled])).toEqual([["canary", 0, 20, 1], ["canary", 1, 50, 1]]);
  answers.begin({ ...step, id: "another" });
  answers.label(said("second", "1"));
  expect(answers.counts()).toEqual([]);
  answers.begin(null);
  answers.answered("no rollout", old, "champion", late, 1);
  answers.label(said("no rollout", "1"));
  expect(answers.counts()).toEqual([]);
});

test("a shadow is compared row by row with what the champion answered", () => {
  const answers = remembering();
  const rows = Float32Array.of(0.9, 0.1, 0.9, 0.1, 0.2, 0.8);
  answers.answered("a", old, "champion", rows, 3);
  answers.answered("a", fresh, "shadow", Float32Array.of(0.2, 0.8, 0.9, 0.1, 0.9, 0.1), 3);
  for (const [row, label] of ["0", "0", "0"].entries()) answers.label(said("a", label, row));
  expect(answers.of("shadow")).toMatchObject([{ requests: 1, labelled: 3, wrong: 1, worse: 1, better: 1 }]);
  expect(answers.of("champion")).toMatchObject([{ requests: 1, labelled: 3, wrong: 1 }]);
});

test("of a value, how far it is off is its chance to count as wrong, and the champion's answer draws the same", () => {
  const answers = remembering();
  const value = { task: "regression", classes: null } as const;
  for (let i = 0; i < 2_000; i++) {
    answers.answered(`${i}`, contract(1, value), "champion", Float64Array.of(100), 1);
    answers.answered(`${i}`, contract(2, value), "shadow", Float64Array.of(i % 2 === 0 ? 100 : 75), 1);
    answers.label(said(`${i}`, 100));
  }
  const [{ labelled, wrong, worse, better }] = answers.of("shadow") as [ReturnType<typeof answers.of>[number]];
  expect([labelled, better, worse === wrong]).toEqual([2_000, 0, true]);
  expect(wrong / 1_000).toBeCloseTo(0.25, 1);
});

test("only so many rows are remembered, the newest, and classes that a version does not know are wrong", () => {
  const answers = remembering(3);
  for (const id of ["a", "b", "c", "d"]) answers.answered(id, fresh, "canary", late, 1);
  answers.answered("many", fresh, "canary", new Float32Array(20), 10);
  for (const id of ["a", "b", "c", "d", "many"]) answers.label(said(id, id === "d" ? "2" : "1"));
  expect(answers.of("canary")).toMatchObject([{ requests: 3, labelled: 3, wrong: 1 }]);
  answers.answered("nan", fresh, "canary", Float32Array.of(NaN, 1), 1);
  answers.label(said("nan", "1"));
  expect(answers.of("canary")).toMatchObject([{ requests: 3, labelled: 3 }]);
});
