import { expect, it } from "vitest";
import { sliceSize, threadsEach } from "../../policy/batch-slices.ts";

it.each([
  [{ files: 1, bytes: 10, parallel: 2 }, 1],
  [{ files: 8, bytes: 80, parallel: 2 }, 4],
  [{ files: 2_000, bytes: 2e9, parallel: 2 }, 20],
  [{ files: 100, bytes: 100 * 2 ** 30, parallel: 2 }, 1],
  [{ files: 100, bytes: 100 * 2 ** 26, parallel: 4 }, 8],
  [{ files: 50, bytes: 0, parallel: 1 }, 20],
])("%o go in steps of %i files", (batch, size) => {
  expect(sliceSize(batch)).toBe(size);
});

it("slices that run side by side share a worker's cores, and one alone has them all", () => {
  const cores = { bytes: 1, parallel: 2, cores: 8 };
  expect([{ files: 1 }, { files: 2 }, { files: 500 }, { files: 500, parallel: 1 }, { files: 500, parallel: 16 }, { files: 9, cores: 1 }].map((more) => threadsEach({ ...cores, ...more }))).toEqual([8, 4, 4, 8, 4, 1]);
});
