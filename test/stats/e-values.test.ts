import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { logBetaAbove, logBetaBelow, logGamma } from "../../stats/beta.ts";
import { type Cell, convincing, logERateAbove, logETwoSamples } from "../../stats/e-values.ts";
import { seededRandom } from "../support/seeded-random.ts";

interface Golden {
  readonly gammas: readonly { readonly x: number; readonly logGamma: number }[];
  readonly tails: readonly { readonly a: number; readonly b: number; readonly x: number; readonly below: number; readonly above: number }[];
  readonly rates: readonly { readonly hits: number; readonly n: number; readonly limit: number; readonly logE: number }[];
  readonly samples: readonly { readonly cells: readonly Cell[]; readonly share: number; readonly logE: number }[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/e-values.json", import.meta.url), "utf8")) as Golden;
const close = (found: number, expected: number) => expect(Math.abs(found - expected), `${found} is not ${expected}`).toBeLessThan(1e-8 * Math.max(1, Math.abs(expected)));

describe("agree with SciPy:", () => {
  test("logarithms of gamma", () => golden.gammas.forEach(({ x, logGamma: expected }) => close(logGamma(x), expected)));
  test("tails of beta, far out too", () => golden.tails.forEach(({ a, b, x, below, above }) => {
    close(logBetaBelow(x, a, b), below);
    close(logBetaAbove(x, a, b), above);
  }));
  test("e-values of rates", () => golden.rates.forEach(({ hits, n, limit, logE }) => close(logERateAbove(hits, n, limit), logE)));
  test("e-values of two samples", () => golden.samples.forEach(({ cells, share, logE }) => close(logETwoSamples(cells, share), logE)));
});

/** How often the e-value ever reaches 20 while it is looked at all the time. */
function alarms(runs: number, walk: (random: () => number) => Generator<number>): number {
  let alarmed = 0;
  for (let run = 1; run <= runs; run++) {
    for (const logE of walk(seededRandom(run))) {
      if (logE < Math.log(convincing)) continue;
      alarmed++;
      break;
    }
  }
  return alarmed / runs;
}

function* rate(random: () => number, p: number, limit: number, n: number): Generator<number> {
  for (let [i, hits] = [1, 0]; i <= n; i++) {
    if (random() < p) hits++;
    if (i % 5 === 0) yield logERateAbove(hits, i, limit);
  }
}

const shares = (weights: readonly number[]): ((random: () => number) => number) => (random) => {
  let left = random() * weights.reduce((sum, w) => sum + w, 0);
  return Math.max(0, weights.findIndex((w) => (left -= w) < 0));
};

function* outputs(random: () => number, share: number, champion: readonly number[], candidate: readonly number[], n: number): Generator<number> {
  const cells = champion.map(() => ({ candidate: 0, both: 0 }));
  const [old, fresh] = [shares(champion), shares(candidate)];
  for (let i = 1; i <= n; i++) {
    const isCandidate = random() < share;
    const cell = cells[(isCandidate ? fresh : old)(random)]!;
    cell.both++;
    if (isCandidate) cell.candidate++;
    if (i % 20 === 0) yield logETwoSamples(cells, share);
  }
}

describe("looked at all the time,", () => {
  test("a rate at its limit raises a false alarm in at most one of twenty", () => {
    for (const limit of [0.01, 0.1]) expect(alarms(400, (random) => rate(random, limit, limit, 2_000))).toBeLessThanOrEqual(0.05);
  });

  test("a rate three times its limit is found out", () => {
    expect(alarms(50, (random) => rate(random, 0.03, 0.01, 2_000))).toBeGreaterThanOrEqual(0.95);
  });

  test("equal outputs raise a false alarm in at most one of twenty, also where the share is not the one that was meant", () => {
    const humps = [1, 3, 8, 12, 9, 5, 3, 2, 1, 1];
    for (const share of [0.05, 0.5]) expect(alarms(200, (random) => outputs(random, share, humps, humps, 2_000))).toBeLessThanOrEqual(0.05);
    const skewed = function* (random: () => number) {
      const cells = humps.map(() => ({ candidate: 0, both: 0 }));
      for (let i = 1; i <= 2_000; i++) {
        const cell = cells[shares(humps)(random)]!;
        cell.both++;
        if (random() < 0.2) cell.candidate++;
        if (i % 20 === 0) yield logETwoSamples(cells, 0.05);
      }
    };
    expect(alarms(100, skewed)).toBeLessThanOrEqual(0.05);
  });

  test("moved outputs are found out", () => {
    expect(alarms(50, (random) => outputs(random, 0.25, [1, 3, 8, 12, 9, 5, 3, 2, 1, 1], [1, 1, 2, 3, 5, 9, 12, 8, 3, 1], 2_000))).toBe(1);
  });
});
