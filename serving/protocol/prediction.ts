import type { Answer } from "../served-model.ts";

/** What a reply is made of. */
export interface Prediction {
  readonly answer: Answer;
  /** Issued for the whole request; a row of it is named by its place. */
  readonly id: string;
  readonly rows: number;
}

/** Place of the highest score of a row; of equal ones the first, as in the model's own graph. */
export function bestOf(scores: ArrayLike<number>, from: number, classes: number): number {
  let best = 0;
  for (let i = 1; i < classes; i++) if (scores[from + i]! > scores[from + best]!) best = i;
  return best;
}

/** JSON has no NaN and no infinities: an answer with one is no answer. */
export function allFinite(scores: Float32Array | Float64Array): boolean {
  for (let i = 0; i < scores.length; i++) if (!Number.isFinite(scores[i])) return false;
  return true;
}
