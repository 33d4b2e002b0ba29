import type { LabelNoise } from "../schemas/evaluation.ts";
import { hits } from "./row-losses.ts";
import { type ScoredRows, unusableBecause } from "./scored-rows.ts";

type Classified = Exclude<ScoredRows, { task: "regression" }>;

/** Where a model is hardly surer than a guess, turned labels change its errors hardly at all. */
const leastContrast = 0.2;

/**
 * Share of the labels that must have been turned round at random to explain the errors that the champion's scores do not. A model that is wrong on e of the rows is wrong on
 * e + s (1 - e c / (c - 1)) of them once a share s of the labels is another of the c classes (Natarajan et al., NeurIPS 2013, for two). Of champion and candidate the
 * one with fewer errors is taken: what has really changed a candidate can learn, and noise it cannot.
 * @param champion over the same rows, its scores calibrated
 * @returns null where the champion is too unsure to tell, or figures are missing
 */
export function labelNoise(candidate: ScoredRows, champion: ScoredRows): LabelNoise | null {
  if (candidate.task === "regression" || champion.task === "regression" || unusableBecause(candidate) !== null || unusableBecause(champion) !== null) return null;
  const doubts = doubtsOf(champion);
  const wrong = { champion: errorsOf(champion), candidate: errorsOf(candidate) };
  const expected = mean(doubts);
  const classes = champion.task === "binary" ? 2 : champion.classes;
  const contrast = 1 - (expected * classes) / (classes - 1);
  if (!(contrast >= leastContrast)) return null;
  const observed = { champion: mean(wrong.champion), candidate: mean(wrong.candidate) };
  const fewer = observed.candidate < observed.champion ? "candidate" : "champion";
  const unexplained = wrong[fewer].map((error, row) => error - doubts[row]!);
  return { share: mean(unexplained) / contrast, error: deviation(unexplained) / Math.sqrt(unexplained.length) / contrast, expected, champion: observed.champion, candidate: observed.candidate };
}

const errorsOf = (rows: Classified): Float64Array => Float64Array.from(hits(rows), (hit) => 1 - hit);

/** How far each row's highest score is from certain. */
function doubtsOf(rows: Classified): Float64Array {
  if (rows.task === "binary") return Float64Array.from(rows.score, (p) => Math.min(p, 1 - p));
  const { score, classes } = rows;
  return Float64Array.from(rows.label, (_, row) => 1 - Math.max(...score.subarray(row * classes, (row + 1) * classes)));
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: Float64Array): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length);
}
