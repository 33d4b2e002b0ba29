import { expect, test } from "vitest";
import type { LabelTally } from "../../schemas/dataset.ts";
import { sourceDisagreement } from "../../stats/source-disagreement.ts";
import { seededRandom } from "../support/seeded-random.ts";

/** Labels of a model whose answers are wrong with a chance of 0.1 each, of which a share is turned round. */
const tally = (source: string | null, labels: number, flipped = 0, wrong = 0.1): LabelTally => {
  const rate = wrong + flipped * (1 - 2 * wrong);
  return { source, labels, disagreed: labels * rate, expected: labels * wrong, squares: labels * (rate * (1 - wrong) ** 2 + (1 - rate) * wrong ** 2) };
};

test("a sender is held against all others, by what the scores expect of each", () => {
  const [shop, rogue] = sourceDisagreement([tally("shop", 600), tally("shop", 400), tally("rogue", 200, 1), tally(null, 100)]);
  expect(shop).toMatchObject({ source: "shop", labels: 1000, disagreed: 0.1, expected: 0.1, others: { labels: 300 } });
  expect(rogue).toMatchObject({ source: "rogue", labels: 200, disagreed: 0.9, others: { labels: 1100, disagreed: 0.1, expected: 0.1 } });
  expect(rogue!.p).toBeLessThan(1e-100);
  expect(shop!.p).toBeGreaterThan(0.99);
});

test("p is that of Welch's test, adjusted over the senders", () => {
  // SciPy: ttest_ind_from_stats(0.04, sqrt(.1204), 500, 0, .3, 5000, equal_var=False, alternative="greater") by the normal distribution: z = 2.484868.
  const own = { source: "a", labels: 500, disagreed: 70, expected: 50, squares: 500 * (0.1204 + 0.04 ** 2) };
  const others = { source: "b", labels: 5000, disagreed: 500, expected: 500, squares: 5000 * 0.09 };
  const z = 0.04 / Math.sqrt(0.1204 / 500 + 0.09 / 5000);
  expect(z).toBeCloseTo(2.4865, 3);
  const [, found] = sourceDisagreement([own, others]);
  expect(found!.p).toBeCloseTo(2 * 0.00645, 4);
});

test("nobody is held against nobody", () => {
  expect(sourceDisagreement([tally("only", 1000, 1)])).toEqual([]);
  expect(sourceDisagreement([])).toEqual([]);
});

test("labels of honest senders give p values no smaller than chance does", () => {
  const random = seededRandom(20);
  let small = 0;
  for (let i = 0; i < 400; i++) {
    const drawn = ["a", "b", "c", "d"].map((source) => {
      let [disagreed, squares] = [0, 0];
      for (let row = 0; row < 300; row++) {
        const d = random() < 0.15 ? 1 : 0;
        disagreed += d;
        squares += (d - 0.15) ** 2;
      }
      return { source, labels: 300, disagreed, expected: 45, squares };
    });
    if (sourceDisagreement(drawn).some(({ p }) => p <= 0.05)) small++;
  }
  expect(small).toBeLessThan(400 * 0.09);
});
