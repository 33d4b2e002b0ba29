import { bucketOf } from "./buckets.ts";

export type Task = "binary" | "multiclass" | "regression";

const bins = 20;
const unscaled = { center: 0, scale: 1 };

/**
 * Where one row's output is counted, so that two versions' outputs can be compared, whatever server gave them. Binary: twentieths of the last
 * class's score, 0 to 19. Multiclass: number of the class with the highest score. Regression: the bucket of the value on the asinh axis, which is 6 % wide
 * far from 0 and 1/16 near it. Null for what is no finite number.
 * @param scores row by row, @param width scores a row
 */
export function outputBucket(task: Task, scores: ArrayLike<number>, row: number, width: number): number | null {
  if (task === "regression") return finite(scores[row * width], (value) => bucketOf(value, unscaled));
  if (task === "binary") return finite(scores[row * width + width - 1], (score) => Math.min(bins - 1, Math.max(0, Math.floor(score * bins))));
  return predictedClass(scores, row, width);
}

/** Number of the class with the highest score, the first of equals; null where a score is no finite number. */
export function predictedClass(scores: ArrayLike<number>, row: number, width: number): number | null {
  let best = 0;
  for (let i = 0; i < width; i++) {
    const score = scores[row * width + i] as number;
    if (!Number.isFinite(score)) return null;
    if (score > (scores[row * width + best] as number)) best = i;
  }
  return best;
}

/** Whether two versions answered one row differently: another predicted class, or a value further apart than 1 % of the larger one. */
export function outputsDiffer(task: Task, a: ArrayLike<number>, b: ArrayLike<number>, row: number, width: number): boolean {
  if (task !== "regression") return predictedClass(a, row, width) !== predictedClass(b, row, width);
  const [left, right] = [a[row * width] as number, b[row * width] as number];
  return !(Math.abs(left - right) <= 0.01 * Math.max(Math.abs(left), Math.abs(right)));
}

const finite = (value: number | undefined, bucket: (value: number) => number): number | null => (value !== undefined && Number.isFinite(value) ? bucket(value) : null);
