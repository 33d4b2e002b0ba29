import { expect, it } from "vitest";
import { hotSwaps } from "../serving/hot-swaps.ts";

const target = 200;
const until = Date.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 60_000;

it(`${target} swaps of the champion at 200 requests a second, one candidate in ten corrupt, lose no request and give no wrong answer`, async () => {
  const { failed, wrong, ...seen } = await hotSwaps({ swaps: target, rate: 200, corruptEvery: 10, until });
  const memory = `${(seen.residentBytes / 2 ** 20).toFixed(0)} MiB, ${(seen.grownBytes / 2 ** 20).toFixed(0)} MiB more than after a tenth of the swaps`;
  console.log(`${seen.swaps} of ${target} swaps done, ${seen.corrupt} of them corrupt; ${seen.requests} requests: median ${seen.medianMs.toFixed(1)} ms, p99 ${seen.p99Ms.toFixed(1)} ms, longest ${seen.longestMs.toFixed(0)} ms; the server took ${memory}`);
  expect(failed.slice(0, 5)).toEqual([]);
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(seen.swaps).toBeGreaterThan(0);
  expect(seen.grownBytes).toBeLessThan(70 * 2 ** 20);
});
