import { predictedClasses, type ScoredRows } from "./scored-rows.ts";

const smallest = Number.EPSILON;
const clip = (p: number) => Math.min(Math.max(p, smallest), 1 - smallest);

/** -ln of the probability that a classifier gave the true class, clipped to [2^-52, 1 - 2^-52] as in scikit-learn's `log_loss`. */
export function logLosses(rows: Exclude<ScoredRows, { task: "regression" }>): Float64Array {
  if (rows.task === "binary") return Float64Array.from(rows.label, (y, i) => -Math.log(clip(y === 1 ? rows.score[i]! : 1 - rows.score[i]!)));
  return Float64Array.from(rows.label, (y, i) => -Math.log(clip(y < 0 ? 0 : rows.score[i * rows.classes + y]! / total(rows, i))));
}

function total(rows: Extract<ScoredRows, { task: "multiclass" }>, row: number): number {
  let sum = 0;
  for (let k = 0; k < rows.classes; k++) sum += rows.score[row * rows.classes + k]!;
  return sum;
}

/** (p - y)^2; over several classes their sum (Brier 1950). */
export function brierLosses(rows: Exclude<ScoredRows, { task: "regression" }>): Float64Array {
  if (rows.task === "binary") return Float64Array.from(rows.label, (y, i) => (rows.score[i]! - y) ** 2);
  return Float64Array.from(rows.label, (y, i) => {
    let sum = 0;
    for (let k = 0; k < rows.classes; k++) sum += (rows.score[i * rows.classes + k]! - (k === y ? 1 : 0)) ** 2;
    return sum;
  });
}

/** 1 where the predicted class is the true one. */
export function hits(rows: Exclude<ScoredRows, { task: "regression" }>): Float64Array {
  return Float64Array.from(predictedClasses(rows), (predicted, i) => (predicted === rows.label[i] ? 1 : 0));
}

export function squaredErrors(rows: Extract<ScoredRows, { task: "regression" }>): Float64Array {
  return Float64Array.from(rows.label, (y, i) => (rows.score[i]! - y) ** 2);
}

export function absoluteErrors(rows: Extract<ScoredRows, { task: "regression" }>): Float64Array {
  return Float64Array.from(rows.label, (y, i) => Math.abs(rows.score[i]! - y));
}

/** The task's own loss, by which rows are ranked and the trivial baseline must be beaten: log loss, or squared error. */
export function rowLosses(rows: ScoredRows): Float64Array {
  return rows.task === "regression" ? squaredErrors(rows) : logLosses(rows);
}

/** How wrong each row is: 1 where the predicted class is not the true one, or the absolute error. */
export const rowErrors = (rows: ScoredRows): Float64Array => (rows.task === "regression" ? absoluteErrors(rows) : hits(rows).map((hit) => 1 - hit));
