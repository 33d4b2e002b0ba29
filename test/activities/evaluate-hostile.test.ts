import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createEvaluate } from "../../activities/evaluate.ts";
import { readJson } from "../../schemas/boundary.ts";
import { evaluation } from "../../schemas/evaluation.ts";
import { getBlob, putBlob } from "../../stores/blobs.ts";
import { withScoringChild } from "../../activities/scoring/scoring-child.ts";
import { evaluationFixture, fixture } from "../support/evaluation-fixture.ts";
import { mutantsOf } from "../support/mutants.ts";

const limits = { memoryBytes: 1 << 30, deadlineMs: 2_000 };

test.each([
  ["runs for ever", "hostile-loop.onnx", /did not answer within 2 s/],
  ["wants eight gigabytes a row", "hostile-bomb.onnx", /MiB of memory|cannot run it|ended unasked|did not answer/],
])("a model that %s is refused, and hurts nothing else", async (_, file, why) => {
  const { deps, input } = await evaluationFixture("binary", {}, { model: await fixture(file) });
  const start = performance.now();
  await expect(createEvaluate(deps, limits)(input)).rejects.toMatchObject({ type: expect.stringMatching(/^(ModelRefused|InferenceLimit)$/), message: expect.stringMatching(why) });
  expect(performance.now() - start).toBeLessThan(8_000);
  expect(readdirSync(join(deps.scratch, "scoring"))).toEqual([]);
});

test("a model that gives NaN is measured, and no gate says yes to it", async () => {
  const { deps, input } = await evaluationFixture("binary", {}, { model: await fixture("hostile-nan.onnx") });
  const result = await createEvaluate(deps)(input);
  const facts = readJson(evaluation, new TextDecoder().decode(await getBlob(deps.store, result.evaluation)), "evaluation");
  expect(facts.passed).toBe(false);
  expect(facts.parity.why).toMatch(/the model gives NaN for sample row 0/);
  expect(facts.holdouts[0]!.candidate["auc"]!.why).toMatch(/NaN or an infinity 1000 times/);
  expect(facts.gates.filter(({ gate }) => /parity|baseline|quality|auc/.test(gate)).map(({ answer }) => answer)).toEqual(["not-evaluated", "not-evaluated", "not-evaluated", "not-evaluated"]);
});

test.each([
  ["fails on a row", "carrier::integer > 0", /^slice "s": Conversion Error/, "InvalidSql"],
  ["is over all rows", "count(*) > 0", /^slice "s": /, "InvalidSql"],
  ["runs for ever", "list_sum(list_transform(range(2000000000), x -> x % 7 + distance)) > 0", /^slice "s": /, /InvalidSql|SqlLimit/],
  ["eats memory", "length(repeat(carrier, 900000000)) > 0", /^slice "s": /, /InvalidSql|SqlLimit/],
])("a slice that %s is named, and the model is not blamed, nor its champion", async (_, sql, why, type) => {
  const one = await evaluationFixture("binary", { slices: { s: sql } });
  const champion = await one.champion("binary-weak.onnx", { windows: { train: { from: "2012-12-01T00:00:00Z", to: "2013-01-01T00:00:00Z" }, holdout: { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" } } });
  await expect(createEvaluate(one.deps, limits)({ ...one.input, champion })).rejects.toMatchObject({ type: expect.stringMatching(type), message: expect.stringMatching(why) });
});

test("an evaluation under way that is cancelled kills the model's process", async () => {
  const { deps, input } = await evaluationFixture("binary", {}, { model: await fixture("hostile-loop.onnx") });
  const model = await putBlob(deps.store, await fixture("hostile-loop.onnx"));
  expect(model).toEqual(input.model);
  const stop = new AbortController();
  const columns = ["distance", "carrier", "delay"].map((name) => ({ name, column: name === "carrier" ? { type: "category" as const, nullable: false, feature: true } : { type: "number" as const, nullable: true, wide: false, feature: true } }));
  const path = new URL("../fixtures/models/hostile-loop.onnx", import.meta.url).pathname;
  const sample = new URL("../fixtures/models/rows.parquet", import.meta.url).pathname;
  const work = withScoringChild({ files: [sample], timezone: "UTC", threads: 1, sql: [] }, { scratch: deps.scratch, signal: stop.signal }, async (child) => {
    setTimeout(() => stop.abort(), 300);
    // It loops from its first row on, which is one that its load makes up.
    return child.ask({ op: "load", model: { path, sha256: model.sha256, columns, classes: ["0", "1"] }, task: "binary" });
  });
  await expect(work).rejects.toThrow(/was cancelled/);
});

test("a model file that was changed after it was fetched is not judged", async () => {
  const { deps } = await evaluationFixture("binary", {});
  const path = new URL("../fixtures/models/binary.onnx", import.meta.url).pathname;
  const work = withScoringChild({ files: [], timezone: "UTC", threads: 1, sql: [] }, { scratch: deps.scratch }, (child) => child.ask({ op: "load", model: { path, sha256: "a".repeat(64), columns: [], classes: ["0", "1"] }, task: "binary" }));
  await expect(work).rejects.toMatchObject({ type: "Corrupt", message: expect.stringContaining("where aaaaaaaaaaaa is to be judged") as string });
});

/** Each mutant changes 1 to 4 bytes of a real model. Whatever it does, it does in a child; the seed is fixed. */
test("2,000 mutants of a real model: each one loads and runs, or is refused; nothing else is hurt", async () => {
  const mutants = mutantsOf(await fixture("binary.onnx"), 2_000, Number(process.env["RELEARN_MUTANT_SEED"] ?? 5));
  const { runMutants } = await import("../support/run-mutants.ts");
  const outcome = await runMutants(mutants);
  expect(outcome.ran + outcome.refused + outcome.killed).toBe(2_000);
  expect(outcome.ran).toBeGreaterThan(100);
  expect(outcome.refused).toBeGreaterThan(100);
}, 60_000);
