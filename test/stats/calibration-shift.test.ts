import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { calibrationBins } from "../../stats/calibration.ts";
import { calibrationShift } from "../../stats/calibration-shift.ts";
import type { CalibrationBin } from "../../stats/calibration.ts";
import type { ScoredRows } from "../../stats/scored-rows.ts";
import { seededRandom } from "../support/seeded-random.ts";

const golden = JSON.parse(readFileSync(new URL("../golden/calibration-shift.json", import.meta.url), "utf8")) as { readonly cases: readonly { readonly score: number[]; readonly label: number[]; readonly before: CalibrationBin[]; readonly value: number; readonly p: number }[] };

/** Rows whose score is the chance that they are true, spread by `power`: 1 evenly, more towards 0; labels mean the opposite in a share of them. */
function drawn(n: number, seed: number, { power = 1, flip = 0 } = {}): Extract<ScoredRows, { task: "binary" }> {
  const random = seededRandom(seed);
  const score = Float64Array.from({ length: n }, () => random() ** power);
  return { task: "binary", score, label: Uint8Array.from(score, (p) => Number(random() < p !== random() < flip)) };
}

describe("what scores are worth", () => {
  test("is told as SciPy does", () => golden.cases.forEach(({ score, label, before, value, p }) => {
    const found = calibrationShift({ task: "binary", score: Float64Array.from(score), label: Uint8Array.from(label) }, before)!;
    expect(found.value).toBeCloseTo(value, 9);
    expect(Math.abs(found.p / p - 1)).toBeLessThan(1e-8);
  }));

  test("has not changed where only the inputs have, and has where labels mean something else", () => {
    const before = calibrationBins(drawn(5_000, 1));
    const chances = Array.from({ length: 200 }, (_, seed) => calibrationShift(drawn(500, 100 + seed, { power: 3 }), before)!.p);
    expect(chances.filter((p) => p <= 0.01).length).toBeLessThanOrEqual(4);
    for (const seed of [1, 2, 3]) expect(calibrationShift(drawn(500, seed, { flip: 0.3 }), before)!.p).toBeLessThan(1e-4);
  });

  test("is of several classes the chance that the predicted one is true", () => {
    const random = seededRandom(7);
    const rows = (wrong: number): Extract<ScoredRows, { task: "multiclass" }> => {
      const label = Int32Array.from({ length: 600 }, () => Math.floor(random() * 3));
      const said = Array.from(label, (y) => (random() < wrong ? (y + 1) % 3 : y));
      const score = Float64Array.from(said.flatMap((y) => [0, 1, 2].map((k) => (k === y ? 0.8 : 0.1))));
      return { task: "multiclass", classes: 3, label, score };
    };
    const before = calibrationBins(rows(0.2));
    expect(calibrationShift(rows(0.2), before)!.p).toBeGreaterThan(0.01);
    expect(calibrationShift(rows(0.6), before)!.p).toBeLessThan(1e-4);
  });

  test("cannot be told of a few rows, or without a holdout's", () => {
    expect(calibrationShift(drawn(200, 1), calibrationBins(drawn(5_000, 1)))).toBeNull();
    expect(calibrationShift(drawn(5_000, 1), [])).toBeNull();
  });
});
