import type { ScoredModel } from "../scoring/protocol.ts";
import type { BatchPlan, BatchRequest } from "../../schemas/batch.ts";

/** One input file to score. */
export interface TableRequest {
  /** URI, for messages. */
  readonly name: string;
  /** A Parquet file in the process's folder; `text`: of values as somebody wrote them, with `__row`. */
  readonly path: string;
  readonly text: boolean;
  readonly keep: BatchRequest["keep"];
  readonly onBadRow: BatchRequest["onBadRow"];
  /** The version, which goes with every prediction. */
  readonly v: number;
}

export type BatchChildRequest =
  | { readonly op: "open"; readonly folder: string; readonly timezone: string; readonly threads: number; readonly model: ScoredModel; readonly task: BatchPlan["task"] }
  | { readonly op: "begin"; readonly table: TableRequest }
  /** Scores for about a second. */
  | { readonly op: "step" }
  /** Writes the predictions, and the rows that were skipped, where there are any. */
  | { readonly op: "finish"; readonly to: string; readonly quarantine: string };

export interface BatchChildReplies {
  open: null;
  begin: null;
  step: { readonly rows: number; readonly done: boolean };
  finish: { readonly rows: number; readonly skipped: number };
}
