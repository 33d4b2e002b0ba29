import type { ScoredRows } from "../../stats/scored-rows.ts";
import type { LabelOf } from "./protocol.ts";

/** What is kept of each row: its label, each model's scores, and the slices it is in. */
export interface Kept {
  rows: number;
  readonly label: Float64Array;
  readonly scores: readonly Float32Array[];
  readonly slices: readonly Uint8Array[];
}

/** The kept scores of one model as the metrics take them. */
export function rowsOf(kept: Kept, model: number, { task, classes }: LabelOf): ScoredRows {
  const score = kept.scores[model]!;
  if (task === "binary") return { task, label: Uint8Array.from(kept.label), score };
  if (task === "multiclass") return { task, classes: classes!.length, label: Int32Array.from(kept.label), score };
  return { task, label: kept.label, score };
}
