import { predictedClass, type Task } from "./output-bucket.ts";
import { stickyPercent } from "./sticky-share.ts";

/** What a row's answer is remembered by until its label comes: number of the predicted class, or the value of a regression. Null where that is no finite number. */
export function answerOf(task: Task, scores: ArrayLike<number>, row: number, width: number): number | null {
  if (task !== "regression") return predictedClass(scores, row, width);
  const value = scores[row * width] as number;
  return Number.isFinite(value) ? value : null;
}

/**
 * Whether an answer counts as wrong. A class: another one than the label. A value: by how far it is off, as a part of the larger of the two and at most all of it; that part
 * is rounded to wrong or right by a draw from the prediction's id, so that counts stay counts, their mean is that part's, and two versions' answers to one row
 * are rounded by the same draw.
 * @param label number of the class among the version's own (-1: it knows none such), or the value that came true
 */
export function isWrong(task: Task, answer: number, label: number, id: string, row: number): boolean {
  if (task !== "regression") return answer !== label;
  const larger = Math.max(Math.abs(answer), Math.abs(label));
  return larger > 0 && stickyPercent("wrong", `${id} ${row}`) < 100 * Math.min(1, Math.abs(answer - label) / larger);
}
