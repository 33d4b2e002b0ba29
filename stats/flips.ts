import { predictedClasses, type ScoredRows } from "./scored-rows.ts";

export interface Flips {
  /** Rows whose predicted class differs between two models, and their share of all rows. */
  readonly rows: number;
  readonly share: number;
  /** The champion was right and the candidate is wrong; and the other way round. (Yan et al., CVPR 2021.) */
  readonly negative: number;
  readonly positive: number;
}

/** Null for a regression, where no class is predicted. */
export function flipsOf(candidate: ScoredRows, champion: ScoredRows): Flips | null {
  if (candidate.task === "regression" || champion.task === "regression") return null;
  const [now, before] = [predictedClasses(candidate), predictedClasses(champion)];
  let [rows, negative, positive] = [0, 0, 0];
  for (let i = 0; i < now.length; i++) {
    if (now[i] === before[i]) continue;
    rows++;
    if (before[i] === candidate.label[i]) negative++;
    if (now[i] === candidate.label[i]) positive++;
  }
  return { rows, share: now.length === 0 ? 0 : rows / now.length, negative, positive };
}
