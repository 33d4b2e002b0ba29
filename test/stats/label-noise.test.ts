import { describe, expect, test } from "vitest";
import { labelNoise } from "../../stats/label-noise.ts";
import type { ScoredRows } from "../../stats/scored-rows.ts";
import { seededRandom } from "../support/seeded-random.ts";

const rows = 20_000;

/** A calibrated model of three classes, or of two, whose labels are turned round with a chance: `[its answers, the labels' own truth]`. */
function world(classes: number, flipped: number, seed = 1): ScoredRows {
  const random = seededRandom(seed);
  const score = new Float64Array(rows * classes);
  const label = Int32Array.from({ length: rows }, (_, row) => {
    const [sure, best] = [0.5 + random() / 2, Math.floor(random() * classes)];
    for (let k = 0; k < classes; k++) score[row * classes + k] = k === best ? sure : (1 - sure) / (classes - 1);
    const other = (k: number) => (k + 1 + Math.floor(random() * (classes - 1))) % classes;
    const truth = random() < sure ? best : other(best);
    return random() < flipped ? other(truth) : truth;
  });
  return classes === 2 ? { task: "binary", label: Uint8Array.from(label), score: score.filter((_, i) => i % 2 === 1) } : { task: "multiclass", classes, label, score };
}

describe.each([2, 3])("of %i classes", (classes) => {
  test.each([0, 0.01, 0.05, 0.2])("a share of %d of the labels turned round is found again", (share) => {
    const seen = world(classes, share);
    const found = labelNoise(seen, seen)!;
    expect(Math.abs(found.share - share)).toBeLessThan(3 * found.error);
    expect(found.error).toBeLessThan(0.01);
    expect(found.expected).toBeCloseTo(0.25, 2);
  });
});

test("what a candidate has learned is no noise, however wrong the champion is", () => {
  const seen = world(2, 0) as Extract<ScoredRows, { task: "binary" }>;
  const stale = { ...seen, score: seen.score.map((p, row) => (row % 3 === 0 ? 1 - p : p)) };
  expect(labelNoise(stale, stale)!.share).toBeGreaterThan(0.3);
  const found = labelNoise(seen, stale)!;
  expect(Math.abs(found.share)).toBeLessThan(3 * found.error);
  expect(found.candidate).toBeLessThan(found.champion);
});

test("nothing is said of a champion that guesses, of numbers, or of a model that fails", () => {
  const guess = { task: "binary", label: Uint8Array.of(0, 1), score: Float64Array.of(0.5, 0.55) } as const;
  expect(labelNoise(guess, guess)).toBeNull();
  const value = { task: "regression", label: Float64Array.of(1), score: Float64Array.of(1) } as const;
  expect(labelNoise(value, value)).toBeNull();
  const broken = { ...guess, score: Float64Array.of(Number.NaN, 1) };
  expect(labelNoise(broken, { ...guess, score: Float64Array.of(0, 1) })).toBeNull();
});
