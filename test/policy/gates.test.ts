import { describe, expect, test } from "vitest";
import { answerGates, gatesPassed } from "../../policy/gates.ts";
import { atLeast, atMost, fileSize, flipsAtMost, gate, type GateInput, latency, memory, noWorseThanChampion, slicesNoWorse, throughput } from "../../schemas/gate.ts";
import type { Estimate, EvaluationFacts, HoldoutEvaluation } from "../../schemas/evaluation.ts";

const figure = (value: number | null, half = 0.01): Estimate => (value === null ? { value, low: null, high: null, why: "every row has the same label" } : { value, low: value - half, high: value + half, why: null });
const blob = { sha256: "0".repeat(64), bytes: 10 };

function holdout(changes: Partial<HoldoutEvaluation> = {}): HoldoutEvaluation {
  return {
    holdout: "recent", window: null, rows: 6_000, candidate: { auc: figure(0.7), log_loss: figure(0.5) }, champion: { auc: figure(0.7), log_loss: figure(0.5) }, baseline: {},
    difference: { auc: figure(0), log_loss: figure(0), profit: figure(5) }, overBaseline: figure(-0.1),
    slices: [{ slice: "storm", rows: 900, candidate: {}, champion: {}, difference: { auc: figure(0) }, rowsToTell: null }],
    calibration: [], flips: { rows: 60, share: 0.01, negative: 20, positive: 40 }, worstRows: [], ...changes,
  };
}

function facts(changes: Partial<EvaluationFacts> = {}): EvaluationFacts {
  return {
    version: 1, run: "p/run/1", task: "binary", snapshot: blob.sha256, model: blob, champion: { v: 3, model: blob.sha256, trainedOnHoldout: false }, holdouts: [holdout()],
    parity: { rows: 20_000, largest: 3e-7, tolerance: 1e-5, why: null },
    resources: { fileBytes: 1_000_000, loadMs: 5, latencyMs: { p50: 0.1, p99: 0.4, runs: 200 }, rowsPerSecond: 50_000, peakBytes: 200_000_000 }, ...changes,
  };
}

const definition = (...gates: GateInput[]) => ({ gates: gates.map((one) => gate.parse(one)), minRows: 200, validation: { maxQuarantined: 0.01, rowCountBand: 0.5, maxDrift: null }, sources: {}, slices: { storm: "precip > 0.1" }, metrics: { profit: { sql: "sum(x)", better: "higher" as const } } });
const lastAnswer = (one: GateInput, changes: Partial<EvaluationFacts> = {}) => answerGates(definition(one), facts(changes)).at(-1)!;
const recent = (changes: Partial<HoldoutEvaluation>) => ({ holdouts: [holdout(changes)] });

type Row = readonly [situation: string, gate: GateInput, changes: Partial<EvaluationFacts>, answer: string];
const table: readonly Row[] = [
  ["a value above the limit", atLeast("auc", 0.65), {}, "yes"],
  ["a value at the limit", atLeast("auc", 0.7), {}, "yes"],
  ["a value below the limit", atLeast("auc", 0.75), {}, "no"],
  ["a value under an upper limit", atMost("log_loss", 0.6), {}, "yes"],
  ["a value over an upper limit", atMost("log_loss", 0.4), {}, "no"],
  ["an unknown metric", atLeast("aux", 0.65), {}, "not-evaluated"],
  ["an unknown holdout", atLeast("auc", 0.65, { holdout: "gold" }), {}, "not-evaluated"],
  ["a metric that is null", atLeast("auc", 0.65), recent({ candidate: { auc: figure(null) } }), "not-evaluated"],
  ["a metric that is NaN", atLeast("auc", 0.65), recent({ candidate: { auc: figure(Number.NaN) } }), "not-evaluated"],
  ["a metric that is infinite", atLeast("auc", 0.65), recent({ candidate: { auc: figure(Number.POSITIVE_INFINITY) } }), "not-evaluated"],
  ["too few rows", atLeast("auc", 0.65), recent({ rows: 199 }), "not-evaluated"],
  ["a small golden set, chosen by its author", atLeast("auc", 0.65, { holdout: "gold" }), recent({ holdout: "gold", rows: 12 }), "yes"],
  ["an empty golden set", atLeast("auc", 0.65, { holdout: "gold" }), recent({ holdout: "gold", rows: 0 }), "not-evaluated"],

  ["an equal model", noWorseThanChampion("auc"), {}, "yes"],
  ["a model that may be a little worse", noWorseThanChampion("auc"), recent({ difference: { auc: figure(-0.005) } }), "yes"],
  ["a model shown to be worse, higher being better", noWorseThanChampion("auc"), recent({ difference: { auc: figure(-0.02) } }), "no"],
  ["a model shown to be worse, lower being better", noWorseThanChampion("log_loss"), recent({ difference: { log_loss: figure(0.02) } }), "no"],
  ["a model shown to be better, lower being better", noWorseThanChampion("log_loss"), recent({ difference: { log_loss: figure(-0.02) } }), "yes"],
  ["a model shown to be worse within the margin", noWorseThanChampion("auc", { margin: 0.02 }), recent({ difference: { auc: figure(-0.02) } }), "yes"],
  ["a worse custom metric", noWorseThanChampion("profit"), recent({ difference: { profit: figure(-5) } }), "no"],
  ["no champion yet", noWorseThanChampion("auc"), { champion: null }, "not-applicable"],
  ["a champion trained on holdout rows", noWorseThanChampion("auc"), { champion: { v: 3, model: blob.sha256, trainedOnHoldout: true } }, "not-evaluated"],
  ["a difference that is null", noWorseThanChampion("auc"), recent({ difference: { auc: figure(null) } }), "not-evaluated"],
  ["a difference without an interval", noWorseThanChampion("auc"), recent({ difference: { auc: { value: 0, low: null, high: null, why: null } } }), "not-evaluated"],
  ["a champion whose figures are missing", noWorseThanChampion("auc"), recent({ difference: null }), "not-evaluated"],
  ["too few rows to compare", noWorseThanChampion("auc"), recent({ rows: 20 }), "not-evaluated"],
  ["a golden set too small to compare on", noWorseThanChampion("auc", { holdout: "gold" }), recent({ holdout: "gold", rows: 12 }), "not-evaluated"],
  ["an unknown metric against the champion", noWorseThanChampion("aux"), {}, "not-evaluated"],
  ["a metric whose better way nobody knows", noWorseThanChampion("gain"), recent({ difference: { gain: figure(0) } }), "not-evaluated"],

  ["an equal slice", slicesNoWorse("auc", 0.03), {}, "yes"],
  ["a slice ten points worse while the whole is better", slicesNoWorse("auc", 0.03), recent({ difference: { auc: figure(0.01) }, slices: [{ ...holdout().slices[0]!, difference: { auc: figure(-0.1) } }] }), "no"],
  ["a slice under minRows", slicesNoWorse("auc", 0.03), recent({ slices: [{ ...holdout().slices[0]!, rows: 150, difference: { auc: figure(-0.1) } }] }), "not-applicable"],
  ["a slice that was not measured", slicesNoWorse("auc", 0.03), recent({ slices: [] }), "not-evaluated"],
  ["a slice with NaN", slicesNoWorse("auc", 0.03), recent({ slices: [{ ...holdout().slices[0]!, difference: { auc: figure(Number.NaN) } }] }), "not-evaluated"],
  ["slices without a champion", slicesNoWorse("auc", 0.03), { champion: null }, "not-applicable"],
  ["slices of a champion trained on them", slicesNoWorse("auc", 0.03), { champion: { v: 3, model: blob.sha256, trainedOnHoldout: true } }, "not-evaluated"],

  ["few flips", flipsAtMost(0.02), {}, "yes"],
  ["many flips", flipsAtMost(0.005), {}, "no"],
  ["flips without a champion", flipsAtMost(0.02), { champion: null }, "not-applicable"],
  ["flips of a regression", flipsAtMost(0.02), recent({ flips: null }), "not-evaluated"],
  ["flips over too few rows", flipsAtMost(0.02), recent({ rows: 50 }), "not-evaluated"],
  ["flips that are NaN", flipsAtMost(0.02), recent({ flips: { rows: 0, share: Number.NaN, negative: 0, positive: 0 } }), "not-evaluated"],

  ["a fast model", latency({ p99: "5ms" }), {}, "yes"],
  ["a model too slow in microseconds", latency({ p99: "300us" }), {}, "no"],
  ["a latency that was not measured", latency({ p50: "5ms" }), { resources: { ...facts().resources, latencyMs: { p50: Number.NaN, p99: Number.NaN, runs: 0 } } }, "not-evaluated"],
  ["a latency gate without limit", latency({}), {}, "not-evaluated"],
  ["enough throughput", throughput(10_000), {}, "yes"],
  ["too little throughput", throughput(100_000), {}, "no"],
  ["NaN throughput", throughput(1), { resources: { ...facts().resources, rowsPerSecond: Number.NaN } }, "not-evaluated"],
  ["little memory", memory("512MB"), {}, "yes"],
  ["too much memory", memory("100MB"), {}, "no"],
  ["a small file", fileSize("2MB"), {}, "yes"],
  ["too large a file", fileSize("500KB"), {}, "no"],
];

test.each(table)("%s", (_, one, changes, answer) => {
  const result = lastAnswer(one, changes);
  expect(result.answer, result.reason).toBe(answer);
  expect(result.reason).not.toBe("");
});

describe("every run is asked for", () => {
  const always = (changes: Partial<EvaluationFacts>, name: string, ...gates: GateInput[]) => answerGates(definition(...gates), facts(changes)).find((one) => one.gate === name)!.answer;

  test.each([
    ["agreement", {}, "yes"],
    ["a converter that rounded thresholds", { parity: { rows: 20_000, largest: 0.049, tolerance: 1e-5, why: null } }, "no"],
    ["predictions that are missing", { parity: { rows: 0, largest: null, tolerance: 1e-5, why: "the trainer predicted 3 rows, and the sample has more" } }, "not-evaluated"],
    ["a NaN difference", { parity: { rows: 5, largest: Number.NaN, tolerance: 1e-5, why: null } }, "not-evaluated"],
    ["no rows", { parity: { rows: 0, largest: 0, tolerance: 1e-5, why: null } }, "not-evaluated"],
  ] as const)("parity: %s", (_, changes, answer) => expect(always(changes, "parity", atLeast("auc", 0.6))).toBe(answer));

  test.each([
    ["better for certain", {}, "yes"],
    ["not for certain", recent({ overBaseline: figure(-0.005) }), "no"],
    ["worse", recent({ overBaseline: figure(0.2) }), "no"],
    ["NaN", recent({ overBaseline: figure(null) }), "not-evaluated"],
    ["too few rows", recent({ rows: 10 }), "not-evaluated"],
    ["no recent holdout", { holdouts: new Array<never>() }, "not-evaluated"],
  ] as const)("the baseline: %s", (_, changes, answer) => expect(always(changes, "beats baseline", atLeast("auc", 0.6))).toBe(answer));

  test("one absolute quality gate; without one nothing was evaluated", () => {
    expect(always({}, "absolute quality", atLeast("auc", 0.6))).toBe("yes");
    expect(always({}, "absolute quality", atLeast("auc", 0.9))).toBe("no");
    expect(always({}, "absolute quality", noWorseThanChampion("auc"))).toBe("not-evaluated");
    expect(always({}, "absolute quality", latency({ p99: "5ms" }))).toBe("not-evaluated");
  });
});

test.each<[GateInput, HoldoutEvaluation, string]>([
  [flipsAtMost(0.1), holdout({ flips: { rows: 1, share: 0.01, negative: 1, positive: 0 } }), "1 row gets another predicted class, 1 of them a wrong one"],
  [slicesNoWorse("auc", 0.03), holdout({ slices: [{ slice: "storm", rows: 1, candidate: {}, champion: {}, difference: { auc: figure(0) }, rowsToTell: null }] }), "the slice has 1 row, and slices under 200 are not judged"],
  [atLeast("auc", 0.6), holdout({ rows: 1 }), "the holdout recent has 1 row, too few to judge by: 200 are needed (minRows)"],
])("one row is spoken of as one: %j", (one, seen, reason) => expect(lastAnswer(one, { holdouts: [seen] }).reason).toBe(reason));

describe("a candidate passes", () => {
  const passes = (gates: GateInput[], changes: Partial<EvaluationFacts> = {}) => gatesPassed(answerGates(definition(...gates), facts(changes)));

  test("when all say yes, or do not apply because there is no champion", () => {
    expect(passes([atLeast("auc", 0.6), noWorseThanChampion("auc")])).toBe(true);
    expect(passes([atLeast("auc", 0.6), noWorseThanChampion("auc")], { champion: null })).toBe(true);
  });

  test("never when one says no or was not evaluated", () => {
    expect(passes([atLeast("auc", 0.6), fileSize("1KB")])).toBe(false);
    expect(passes([atLeast("auc", 0.6), atLeast("aux", 0.6)])).toBe(false);
  });

  test("never without an absolute quality gate, nor on no answers at all", () => {
    expect(passes([noWorseThanChampion("auc")])).toBe(false);
    expect(gatesPassed([])).toBe(false);
  });
});
