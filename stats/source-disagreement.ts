import type { LabelTally, SourceEvidence } from "../schemas/dataset.ts";
import { adjustedP } from "./benjamini-hochberg.ts";
import { chiSquareTail } from "./chi-square.ts";

/** Counts of one sender or of several together. */
type Counts = Omit<LabelTally, "source">;

/**
 * Holds each sender's labels against those of all others: how much more often they differ from the model's answer than its scores say. One-sided z-test of two
 * means with their own variances (Welch), adjusted over the senders (Benjamini-Hochberg). A model whose scores are off is off for all senders, so that the
 * difference between them says who sent other labels, not whether the model is good.
 * @param tallies a sender may have several; a sender that is not known counts among the others only
 * @returns by sender, most labels first; none where there are no others
 */
export function sourceDisagreement(tallies: readonly LabelTally[]): SourceEvidence[] {
  const all = added(tallies);
  const names = [...new Set(tallies.map(({ source }) => source))].filter((source) => source !== null);
  const compared = names.map((source) => {
    const own = added(tallies.filter((one) => one.source === source));
    return { source, own, others: minus(all, own) };
  }).filter(({ others }) => others.labels > 0);
  const p = adjustedP(compared.map(({ own, others }) => upperTail(own, others)));
  return compared.map(({ source, own, others }, i) => ({ source, ...rates(own), others: rates(others), p: p[i]! })).sort((a, b) => b.labels - a.labels || (a.source < b.source ? -1 : 1));
}

const none: Counts = { labels: 0, disagreed: 0, expected: 0, squares: 0 };
const add = (a: Counts, b: Counts, sign: 1 | -1): Counts => ({ labels: a.labels + sign * b.labels, disagreed: a.disagreed + sign * b.disagreed, expected: a.expected + sign * b.expected, squares: a.squares + sign * b.squares });
const added = (tallies: readonly Counts[]): Counts => tallies.reduce((sum, one) => add(sum, one, 1), none);
const minus = (a: Counts, b: Counts): Counts => add(a, b, -1);
const rates = ({ labels, disagreed, expected }: Counts) => ({ labels, disagreed: disagreed / labels, expected: expected / labels });

const excess = ({ labels, disagreed, expected }: Counts): number => (disagreed - expected) / labels;
/** Of the mean of (disagreed - expected). */
const variance = (counts: Counts): number => Math.max(0, counts.squares / counts.labels - excess(counts) ** 2) / counts.labels;

/** Chance of a difference as large or larger where there is none. */
function upperTail(own: Counts, others: Counts): number {
  const difference = excess(own) - excess(others);
  const deviation = Math.sqrt(variance(own) + variance(others));
  if (difference <= 0) return 1 - chanceAbove(-difference, deviation);
  return chanceAbove(difference, deviation);
}

function chanceAbove(difference: number, deviation: number): number {
  if (deviation === 0) return difference > 0 ? 0 : 0.5;
  return chiSquareTail((difference / deviation) ** 2, 1) / 2;
}
