import { describe, expect, it } from "vitest";
import { mutants } from "./simulation/mutants.ts";
import { simulate } from "./simulation/simulate.ts";

/** `npm run test:long` has 100,000. */
const seeds = 4_000;
/** In which each planted mistake is found. */
const mostSeeds = 10_000;

describe("the commit log under simulated crashes, delays, lost replies and zombies", () => {
  it(`keeps its promises on ${seeds} seeds`, { timeout: 300_000 }, async () => {
    let [entries, faults] = [0, 0];
    for (let seed = 1; seed <= seeds; seed++) {
      const simulated = await simulate(seed);
      if (simulated.problems.length > 0) expect.fail(`seed ${seed}: ${simulated.problems.join("\n")}`);
      entries += simulated.entries;
      faults += simulated.faults;
    }
    expect(entries).toBeGreaterThan(seeds * 5);
    expect(faults).toBeGreaterThan(seeds);
  });

  it("does the same again for the same seed", async () => {
    expect(await simulate(42)).toEqual(await simulate(42));
  });

  for (const [mistake, mutant] of Object.entries(mutants)) {
    it(`is found out when ${mistake}`, async () => {
      let seed = 1;
      while (seed <= mostSeeds && (await simulate(seed, mutant)).problems.length === 0) seed++;
      expect(seed, `no seed up to ${mostSeeds} finds it`).toBeLessThanOrEqual(mostSeeds);
    });
  }
});
