import { expect, it } from "vitest";
import { seededRandom } from "../support/seeded-random.ts";
import { play } from "../policy/canary-world.ts";
import { bad, good, outcomes, plans, scripts, share, silent, told, well } from "../policy/canary-scripts.ts";

it("80 scripted canaries x 25 seeds: no bad one is promoted, no step is taken without samples, 95 % of the good ones are promoted", () => {
  const [fine, worse, none] = [outcomes(good, 25), outcomes(bad, 25), outcomes(silent, 25)];
  const percent = (part: number): string => `${(part * 100).toFixed(2)} %`;
  console.log(`${scripts([...good, ...bad, ...silent]).length} scripts; good: ${percent(share(fine, "promoted"))} of ${fine.length} promoted, ${percent(share(fine, "rolled back"))} sent back; bad: ${percent(share(worse, "rolled back"))} of ${worse.length} sent back; without traffic: ${percent(share(none, "held"))} of ${none.length} held`);
  expect(share(fine, "promoted"), told(fine.filter((one) => one.end !== "promoted"))).toBeGreaterThanOrEqual(0.95);
  expect(share(fine, "rolled back")).toBeLessThanOrEqual(0.05);
  expect(share(worse, "rolled back"), told(worse.filter((one) => one.end !== "rolled back"))).toBe(1);
  expect(share(none, "held")).toBe(1);
  expect([...fine, ...worse, ...none].reduce((sum, one) => sum + one.hasty, 0)).toBe(0);
});

it("1,000 canaries of the champion itself: at most 5 % are sent back under continuous looking", () => {
  const found = Array.from({ length: 1_000 }, (_, i) => play({ plan: plans[i % 2]!, champion: well, candidate: well, requestsPerSecond: 60, rows: 1, seconds: 900, labelled: i % 2 }, seededRandom(10_000 + i)));
  console.log(`${(share(found, "rolled back") * 100).toFixed(2)} % sent back, ${(share(found, "promoted") * 100).toFixed(2)} % promoted`);
  expect(share(found, "rolled back"), told(found.filter((one) => one.end === "rolled back"))).toBeLessThanOrEqual(0.05);
});
