export type Numbers = Float32Array | Float64Array;

/** What one model said of some rows, beside what was true. Rows of several models over the same data are in the same order. */
export type ScoredRows =
  /** `label` 0 or 1; `score` the probability of 1. */
  | { readonly task: "binary"; readonly label: Uint8Array; readonly score: Numbers }
  /** `label` a class index; `score` row by row, `classes` numbers each. */
  | { readonly task: "multiclass"; readonly classes: number; readonly label: Int32Array; readonly score: Numbers }
  | { readonly task: "regression"; readonly label: Float64Array; readonly score: Numbers };

export type Task = ScoredRows["task"];

/** The rows at these positions. */
export function takeRows(rows: ScoredRows, at: Uint32Array): ScoredRows {
  switch (rows.task) {
    case "binary":
      return { task: rows.task, label: Uint8Array.from(at, (i) => rows.label[i]!), score: Float64Array.from(at, (i) => rows.score[i]!) };
    case "regression":
      return { task: rows.task, label: Float64Array.from(at, (i) => rows.label[i]!), score: Float64Array.from(at, (i) => rows.score[i]!) };
    case "multiclass":
      return { task: rows.task, classes: rows.classes, label: Int32Array.from(at, (i) => rows.label[i]!), score: takeVectors(rows.score, rows.classes, at) };
  }
}

function takeVectors(score: Numbers, size: number, at: Uint32Array): Float64Array {
  const taken = new Float64Array(at.length * size);
  at.forEach((row, i) => taken.set(score.subarray(row * size, (row + 1) * size), i * size));
  return taken;
}

/** The predicted class of each row: 1 above one half, or the first class with the highest score. */
export function predictedClasses(rows: Exclude<ScoredRows, { task: "regression" }>): Int32Array {
  if (rows.task === "binary") return Int32Array.from(rows.score, (p) => (p > 0.5 ? 1 : 0));
  return Int32Array.from(rows.label, (_, row) => highest(rows.score, row * rows.classes, rows.classes));
}

function highest(score: Numbers, from: number, size: number): number {
  let best = 0;
  for (let k = 1; k < size; k++) if (score[from + k]! > score[from + best]!) best = k;
  return best;
}

/** Why no figure can be given for these rows at all, or null. */
export function unusableBecause({ label, score }: ScoredRows): string | null {
  if (label.length === 0) return "there are no rows";
  let bad = 0;
  for (const s of score) if (!Number.isFinite(s)) bad++;
  return bad === 0 ? null : `the model gave NaN or an infinity ${bad === 1 ? "once" : `${bad} times`}`;
}
