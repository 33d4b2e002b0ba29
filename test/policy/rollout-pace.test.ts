import { expect, it } from "vitest";
import { nextPause } from "../../policy/rollout-pace.ts";

it("looks often while something moves, and ever more seldom, up to half a minute, when nothing does", () => {
  expect([0, 60_000, 86_400_000].map((eachMs) => nextPause(eachMs, 9_000, true))).toEqual([500, 1_000, 5_000]);
  const pauses = Array.from({ length: 12 }).reduce<number[]>((all) => [...all, nextPause(60_000, all.at(-1) ?? null, false)], []);
  expect(pauses.slice(0, 3)).toEqual([1_000, 1_500, 2_250]);
  expect(pauses.at(-1)).toBe(30_000);
});
