import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jensenShannon } from "../../stats/jensen-shannon.ts";
import { kolmogorovSmirnov } from "../../stats/kolmogorov-smirnov.ts";
import { psi } from "../../stats/psi.ts";

interface Golden {
  readonly cases: readonly { readonly reference: number[]; readonly current: number[]; readonly jensenShannon: number; readonly psi: number; readonly kolmogorovSmirnov: number }[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/distances.json", import.meta.url), "utf8")) as Golden;

describe("distances agree with SciPy", () => {
  test.each(golden.cases)("over $reference.length bins", ({ reference, current, ...expected }) => {
    expect(jensenShannon(reference, current)).toBeCloseTo(expected.jensenShannon, 10);
    expect(psi(reference, current)).toBeCloseTo(expected.psi, 10);
    expect(kolmogorovSmirnov(reference, current)).toBeCloseTo(expected.kolmogorovSmirnov, 10);
  });
});

const counts = fc.integer({ min: 2, max: 40 }).chain((bins) => fc.tuple(...[0, 1].map(() => fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: bins, maxLength: bins }).filter((list) => list.some((n) => n > 0)))));

test("distances are never negative, 0 on itself and on any multiple of itself, and symmetric", () => {
  fc.assert(fc.property(counts, ([p, q]) => {
    for (const distance of [psi, jensenShannon, kolmogorovSmirnov]) {
      expect(distance(p!, q!)).toBeGreaterThanOrEqual(0);
      expect(distance(p!, p!)).toBe(0);
      expect(distance(p!, p!.map((n) => n * 3))).toBeLessThan(1e-7);
      expect(distance(p!, q!)).toBeCloseTo(distance(q!, p!), 9);
    }
    expect(jensenShannon(p!, q!)).toBeLessThanOrEqual(1 + 1e-12);
  }), { seed: 1, numRuns: 300 });
});
