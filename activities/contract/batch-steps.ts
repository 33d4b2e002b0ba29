import type { BatchRequestInput } from "../../schemas/batch.ts";

/** What a batch job is about to do; its files are in its plan, which the steps find by the job's id. */
export interface BatchPlanned { readonly v: number; readonly digest: string; readonly files: number; readonly bytes: number }

/** A slice of the plan's files. */
export interface ScoreFilesInput { readonly job: string; readonly first: number; readonly count: number }

export interface ScoredCounts { readonly files: number; readonly rows: number; readonly skipped: number }

export interface BatchEnd extends ScoredCounts { readonly manifest: string }

/** Steps of `batchScoring`. */
export interface BatchActivities {
  /** Settles which files a job scores, and by which version. @param job workflow id, `<model>/score/<id>`. */
  planBatch(input: { readonly job: string; readonly request: BatchRequestInput }): Promise<BatchPlanned>;
  /** Scores those files of a slice that are not scored yet. */
  scoreFiles(input: ScoreFilesInput): Promise<ScoredCounts>;
  /** Says in the output folder that all of it is there. */
  finishBatch(input: { readonly job: string }): Promise<BatchEnd>;
}
