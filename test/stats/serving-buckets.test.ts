import fc from "fast-check";
import { expect, test } from "vitest";
import { latencyBucket, latencyBucketEnd, latencyBucketStart } from "../../stats/latency-bucket.ts";
import { outputBucket, outputsDiffer } from "../../stats/output-bucket.ts";
import { stickyPercent } from "../../stats/sticky-share.ts";

test("a time lies in its bucket, whose ends are at most 9 % apart", () => {
  fc.assert(fc.property(fc.double({ min: 0.002, max: 2_000_000, noNaN: true }), (ms) => {
    const bucket = latencyBucket(ms);
    expect(latencyBucketStart(bucket)).toBeLessThanOrEqual(ms * (1 + 1e-12));
    expect(latencyBucketEnd(bucket)).toBeGreaterThan(ms * (1 - 1e-12));
    expect(latencyBucketEnd(bucket) / latencyBucketStart(bucket)).toBeLessThan(1.09);
  }));
  expect([latencyBucket(0), latencyBucket(1e12)].map((bucket) => [latencyBucketStart(bucket), latencyBucketEnd(bucket)])).toEqual([[0, expect.any(Number)], [expect.any(Number), Infinity]]);
});

test("outputs are counted by what the caller sees", () => {
  expect([0, 0.049, 0.05, 0.5, 1].map((score) => outputBucket("binary", [1 - score, score], 0, 2))).toEqual([0, 0, 1, 10, 19]);
  expect(outputBucket("multiclass", [0.1, 0.2, 0.7, 0.5, 0.3, 0.2], 0, 3)).toBe(2);
  expect(outputBucket("multiclass", [0.1, 0.2, 0.7, 0.5, 0.3, 0.2], 1, 3)).toBe(0);
  expect([-1, 0, 0.1, 1_000].map((value) => outputBucket("regression", [value], 0, 1))).toEqual([-15, 0, 1, 121]);
  expect(outputBucket("binary", [NaN, NaN], 0, 2)).toBeNull();
});

test("two versions disagree where the class, or the value by more than 1 %, is another", () => {
  expect(outputsDiffer("binary", [0.6, 0.4], [0.51, 0.49], 0, 2)).toBe(false);
  expect(outputsDiffer("binary", [0.6, 0.4], [0.4, 0.6], 0, 2)).toBe(true);
  expect(outputsDiffer("regression", [100], [100.9], 0, 1)).toBe(false);
  expect(outputsDiffer("regression", [100], [102], 0, 1)).toBe(true);
  expect(outputsDiffer("regression", [0], [0], 0, 1)).toBe(false);
});

test("callers are spread evenly, stay where they are, and are drawn anew by another salt", () => {
  const draw = (salt: string): number[] => Array.from({ length: 20_000 }, (_, i) => stickyPercent(salt, `caller ${i}`));
  const [a, b] = [draw("rollout 1"), draw("rollout 2")];
  for (const share of [1, 5, 25, 50, 90]) {
    const expected = 20_000 * (share / 100);
    const sigma = Math.sqrt(expected * (1 - share / 100));
    for (const drawn of [a, b]) expect(Math.abs(drawn.filter((x) => x < share).length - expected)).toBeLessThan(4 * sigma);
    const both = a.filter((x, i) => x < share && b[i]! < share).length;
    expect(Math.abs(both - (expected * share) / 100)).toBeLessThan(4 * Math.sqrt((expected * share) / 100) + 1);
  }
  expect(draw("rollout 1")).toEqual(a);
  expect(a.every((x) => x >= 0 && x < 100)).toBe(true);
});
