import { expect, it } from "vitest";
import { nextPause } from "../../policy/rollout-pace.ts";

const minute = 60_000;
const day = 86_400_000;
const live = (ms: number) => ({ watchedMs: ms, spentMs: ms + 2_000 });

it("looks often while something moves, and ever more seldom, up to half a minute, when nothing does", () => {
  expect([0, minute, day].map((eachMs) => nextPause(eachMs, 9_000, true, live(4_000)))).toEqual([500, 1_000, 5_000]);
  const pauses = Array.from({ length: 12 }).reduce<number[]>((all) => [...all, nextPause(minute, all.at(-1) ?? null, false, live(4_000))], []);
  expect(pauses.slice(0, 3)).toEqual([1_000, 1_500, 2_250]);
  expect(pauses.at(-1)).toBe(30_000);
});

it("looks as often as the step's own time passes, which a replay may make as quick as it likes", () => {
  expect(nextPause(day, 5_000, true, { watchedMs: 2 * minute, spentMs: minute })).toBe(5_000);
  expect(nextPause(day, 5_000, true, { watchedMs: 20 * minute, spentMs: 2_000 })).toBe(2_400);
  expect(nextPause(day, 5_000, true, { watchedMs: day / 2, spentMs: 5_000 })).toBe(500);
});

it("looks soon, then ever more seldom, until a first prediction says how quickly that time passes", () => {
  const none = { watchedMs: null, spentMs: 1_000 };
  const pauses = Array.from({ length: 14 }).reduce<number[]>((all) => [...all, nextPause(day, all.at(-1) ?? null, false, none)], []);
  expect(pauses.slice(0, 3)).toEqual([500, 750, 1_125]);
  expect([pauses.at(-1), nextPause(day, 30_000, true, none)]).toEqual([30_000, 500]);
});
