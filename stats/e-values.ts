import { logBeta, logBetaAbove } from "./beta.ts";

/**
 * Tests that may be looked at after every request. An e-value is what a bet against the hypothesis has made of 1: while the hypothesis holds, the chance that it
 * ever reaches 20 is at most 1/20, however often and whenever it is looked at (Ville's inequality, 1939). Several e-values of the same hypothesis may be averaged.
 * Review: Ramdas, Gruenwald, Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38 (2023).
 */
export { convincing } from "../schemas/rollout-evidence.ts";

/** Jeffreys' prior, cut off at the limit: it holds most of its weight right above a small limit. */
const prior = 0.5;

/**
 * Logarithm of the e-value against "the rate is at most `limit`" after `hits` of `n` trials: the likelihood under a mixture of the rates above the limit, Beta(1/2, 1/2)
 * cut off there, over the likelihood at the limit. For every rate at or below the limit each factor's mean is at most 1, so the whole composite
 * hypothesis is tested.
 * `ln B(1/2 + h, 1/2 + n - h) + ln P(Beta(1/2 + h, 1/2 + n - h) > limit) - the same for h = n = 0 - h ln limit - (n - h) ln(1 - limit)`
 * Source: Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970): the mixture method.
 */
export function logERateAbove(hits: number, n: number, limit: number): number {
  if (limit >= 1) return 0;
  if (limit <= 0) return hits > 0 ? Infinity : 0;
  const above = (h: number, misses: number) => logBeta(prior + h, prior + misses) + logBetaAbove(limit, prior + h, prior + misses);
  return above(hits, n - hits) - above(0, 0) - hits * Math.log(limit) - (n - hits) * Math.log1p(-limit);
}

/** One cell of a distribution: how many of the new version, how many of both. */
export interface Cell {
  readonly candidate: number;
  readonly both: number;
}

/** How many trials the prior of a cell's share counts as: it expects shares within about a factor of two of the overall one. */
const strength = 10;

/**
 * Logarithm of the e-value against "both versions' outputs are distributed alike". Requests are given out at random, so were they alike, each output of a cell would be
 * the candidate's with the same chance in every cell, whatever the distribution is and however it moves in time. Each cell bets on a share of its own,
 * Beta(10 p, 10 (1 - p)) around the overall share p; against it stands the best that one common share can do:
 * `sum over cells of ln B(10 p + c, 10 (1 - p) + t - c) / B(10 p, 10 (1 - p))  -  max over q of sum of c ln q + (t - c) ln(1 - q)`
 * The maximum instead of the nominal share makes it hold also where a few sticky callers send most of the traffic. Sources: Turner, Ly, Gruenwald, "Generic e-variables for
 * exact sequential k-sample tests that allow for optional stopping" (2022); the maximum: Wasserman, Ramdas, Balakrishnan, "Universal inference", PNAS 117 (2020).
 * @param share the chance in [0, 1] with which the candidate was to get a request: the prior's centre. Counts need not be whole.
 */
export function logETwoSamples(cells: readonly Cell[], share: number): number {
  const all = { candidate: cells.reduce((sum, cell) => sum + cell.candidate, 0), both: cells.reduce((sum, cell) => sum + cell.both, 0) };
  if (all.candidate === 0 || all.candidate >= all.both) return 0;
  return logBets(cells, share) - logBest(all);
}

/**
 * Logarithm of the e-value against "the candidate is wrong no more often than the champion": the bets of `logETwoSamples` on who gave a wrong and who a right answer, against
 * the best that any candidate no worse than the champion can do. That is one common share where the candidate has more of the wrong answers than of the right ones, and
 * what was seen itself where it has not, which is never evidence.
 */
export function logEWrongMore(wrong: Cell, right: Cell, share: number): number {
  const candidate = wrong.candidate + right.candidate;
  if (candidate === 0 || candidate >= wrong.both + right.both) return 0;
  if (wrong.candidate * right.both > right.candidate * wrong.both) return logETwoSamples([wrong, right], share);
  return logBets([wrong, right], share) - logBest(wrong) - logBest(right);
}

function logBets(cells: readonly Cell[], share: number): number {
  const centre = Math.min(0.99, Math.max(0.01, share));
  const [a, b] = [strength * centre, strength * (1 - centre)];
  return cells.reduce((sum, cell) => sum + logBeta(a + cell.candidate, b + cell.both - cell.candidate) - logBeta(a, b), 0);
}

/** Log-likelihood of a cell under the share that was seen in it. */
const logBest = ({ candidate, both }: Cell): number => (candidate <= 0 || candidate >= both ? 0 : candidate * Math.log(candidate / both) + (both - candidate) * Math.log1p(-candidate / both));
