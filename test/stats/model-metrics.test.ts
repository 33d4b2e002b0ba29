import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bootstrapValues } from "../../stats/bootstrap.ts";
import { calibrationBins } from "../../stats/calibration.ts";
import { flipsOf } from "../../stats/flips.ts";
import { meanOf } from "../../stats/measure.ts";
import { compareModels, pairedMeanDifference } from "../../stats/metric-intervals.ts";
import { metricsOf } from "../../stats/model-metrics.ts";
import { normalQuantile } from "../../stats/normal.ts";
import { rowsToTell } from "../../stats/rows-to-tell.ts";
import type { ScoredRows, Task } from "../../stats/scored-rows.ts";

const golden = JSON.parse(readFileSync(new URL("../golden/model-metrics.json", import.meta.url), "utf8"));

function goldenRows(task: Task, score = "score"): ScoredRows {
  const { label } = golden[task];
  const scores = Float64Array.from(golden[task][score]);
  if (task === "binary") return { task, label: Uint8Array.from(label), score: scores };
  return task === "multiclass" ? { task, classes: 3, label: Int32Array.from(label), score: scores } : { task, label: Float64Array.from(label), score: scores };
}

const tasks: Task[] = ["binary", "multiclass", "regression"];

describe.each(tasks)("%s metrics", (task) => {
  test("agree with scikit-learn to 1e-12", () => {
    expect(Object.keys(golden[task].metrics).sort()).toEqual(metricsOf(task).map(({ name }) => name).sort());
    for (const metric of metricsOf(task)) expect(metric.of(goldenRows(task)).value(null), metric.name).toBeCloseTo(golden[task].metrics[metric.name], 12);
  });

  test("taken under weights are those of the rows repeated so often", () => {
    const rows = goldenRows(task);
    const weights = Uint16Array.from(rows.label, (_, i) => i % 3);
    const at = [...weights].flatMap((w, i) => Array<number>(w).fill(i));
    const size = rows.task === "multiclass" ? 3 : 1;
    const repeated = { ...rows, label: rows.label.constructor === Uint8Array ? Uint8Array.from(at, (i) => rows.label[i]!) : rows.task === "multiclass" ? Int32Array.from(at, (i) => rows.label[i]!) : Float64Array.from(at, (i) => rows.label[i]!), score: Float64Array.from(at.flatMap((i) => Array.from(rows.score.slice(i * size, (i + 1) * size)))) } as ScoredRows;
    for (const metric of metricsOf(task)) expect(metric.of(rows).value(weights), metric.name).toBeCloseTo(metric.of(repeated).value(null), 10);
  });

  test("have influences that tell how the value moves when one row counts more", () => {
    const rows = goldenRows(task);
    for (const metric of metricsOf(task)) {
      const measure = metric.of(rows);
      const influence = measure.influence();
      const n = rows.label.length;
      expect(Math.abs(influence.reduce((sum, h) => sum + h, 0)) / n, metric.name).toBeLessThan(1e-9);
      for (const row of [0, 7, 42]) {
        const weights = new Uint16Array(n).fill(1_000);
        weights[row] = 1_001;
        const slope = (measure.value(weights) - measure.value(null)) * n * 1_000;
        expect(slope, `${metric.name} row ${row}`).toBeCloseTo(influence[row]!, 1);
      }
    }
  });

  test("have nearly the same intervals by bootstrap and by influence", () => {
    const [drawn, linear] = [0, 1e9].map((manyRows) => compareModels(goldenRows(task), null, { manyRows }).candidate);
    for (const { name } of metricsOf(task).filter((metric) => metric.name !== "ece" && metric.name !== "bias")) {
      const width = drawn![name]!.high! - drawn![name]!.low!;
      expect((linear![name]!.high! - linear![name]!.low!) / width, name).toBeCloseTo(1, 0);
    }
  });
});

test("the deviation of a difference in AUC is DeLong's", () => {
  const { difference } = compareModels(goldenRows("binary"), goldenRows("binary", "other"), { manyRows: 0 });
  const { deviation, auc, other } = golden.binary.delong;
  expect(difference!["auc"]!.value).toBeCloseTo(auc - other, 12);
  expect((difference!["auc"]!.high! - difference!["auc"]!.low!) / (2 * normalQuantile(0.975)) / deviation).toBeCloseTo(1, 2);
});

test("a bootstrap interval agrees with SciPy's", () => {
  const { mae } = compareModels(goldenRows("regression"), null).candidate;
  expect(mae!.low).toBeCloseTo(golden.maeInterval.low, 2);
  expect(mae!.high).toBeCloseTo(golden.maeInterval.high, 2);
});

test("normal quantiles agree with SciPy", () => {
  for (const [p, z] of Object.entries(golden.normalQuantiles)) expect(normalQuantile(Number(p))).toBeCloseTo(z as number, 7);
});

test("the same seed draws the same resamples, another seed others", () => {
  const measure = meanOf(Float64Array.from({ length: 50 }, (_, i) => i));
  expect(bootstrapValues([measure], 50, 20, 1)).toEqual(bootstrapValues([measure], 50, 20, 1));
  expect(bootstrapValues([measure], 50, 20, 2)).not.toEqual(bootstrapValues([measure], 50, 20, 1));
});

test("equal models differ by exactly zero, with an interval of no width", () => {
  for (const manyRows of [0, 1e9]) {
    const { difference } = compareModels(goldenRows("binary"), goldenRows("binary"), { manyRows });
    for (const [name, estimate] of Object.entries(difference!)) expect([estimate.value, estimate.low, estimate.high].map((x) => x! + 0), name).toEqual([0, 0, 0]);
  }
});

const edge: readonly [string, ScoredRows, string, RegExp][] = [
  ["no rows", { task: "binary", label: new Uint8Array(), score: new Float64Array() }, "log_loss", /no rows/],
  ["one class", { task: "binary", label: Uint8Array.of(1, 1, 1), score: Float64Array.of(0.1, 0.5, 0.9) }, "auc", /same label/],
  ["a NaN score", { task: "binary", label: Uint8Array.of(1, 0), score: Float64Array.of(0.1, Number.NaN) }, "log_loss", /NaN or an infinity once/],
  ["a class without rows", { task: "multiclass", classes: 3, label: Int32Array.of(0, 1), score: Float64Array.of(1, 0, 0, 0, 1, 0) }, "macro_auc", /class has no rows/],
  ["equal labels", { task: "regression", label: Float64Array.of(2, 2), score: Float64Array.of(1, 3) }, "r2", /same label/],
];

test.each(edge)("%s gives no number but a reason", (_, rows, metric, why) => {
  const estimate = compareModels(rows, null).candidate[metric]!;
  expect(estimate).toMatchObject({ value: null, low: null, high: null });
  expect(estimate.why).toMatch(why);
});

test("an interval needs the metric on 19 of 20 resamples", () => {
  const rare: ScoredRows = { task: "binary", label: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), score: Float64Array.from({ length: 8 }, (_, i) => i / 8) };
  expect(compareModels(rare, null).candidate["auc"]).toMatchObject({ value: 0, low: null, high: null });
});

test("flips are told apart by who was right", () => {
  const label = Uint8Array.of(1, 1, 0, 0);
  const rows = (...score: number[]): ScoredRows => ({ task: "binary", label, score: Float64Array.from(score) });
  expect(flipsOf(rows(0.9, 0.1, 0.1, 0.1), rows(0.9, 0.9, 0.9, 0.1))).toEqual({ rows: 2, share: 0.5, negative: 1, positive: 1 });
});

test("calibration bins hold every row once", () => {
  const bins = calibrationBins(goldenRows("binary") as Extract<ScoredRows, { task: "binary" }>);
  expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(400);
});

test("rows to tell follow the square of how much too wide the interval is", () => {
  expect(rowsToTell({ value: 0.01, low: -0.01, high: 0.03, why: null }, 100)).toBe(300);
  expect(rowsToTell({ value: 0.03, low: 0.01, high: 0.05, why: null }, 100)).toBeNull();
  expect(rowsToTell({ value: null, low: null, high: null, why: "x" }, 100)).toBeNull();
});

test("a paired difference of losses has the t test's centre and a normal width", () => {
  const { value, low, high } = pairedMeanDifference(Float64Array.of(1, 2, 3, 4), Float64Array.of(2, 2, 4, 4));
  expect(value).toBe(-0.5);
  expect(high! - low!).toBeCloseTo((2 * 1.959964 * 0.5773503) / 2, 5);
});
