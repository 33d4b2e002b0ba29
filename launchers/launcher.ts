import type { JobHandle, JobSpec, JobState, ProgressLine } from "../schemas/job.ts";

/** What a launcher knows of a job now. `lost`: it was submitted, nothing of it lives, and it left no result. */
export interface JobView {
  readonly state: JobState;
  readonly progress: ProgressLine | null;
  /** Why, where the state is failed, cancelled or lost; for a person. */
  readonly reason: string | null;
}

/**
 * Where training jobs run. Every driver passes `test/contracts/launcher.ts`.
 * A launcher starts `python -m relearn_trainers.job` with `RELEARN_JOB`; the wrapper does the rest and writes `result.json`.
 */
export interface Launcher {
  readonly name: string;
  /** Starts the job whose `spec.json` lies in the store. Idempotent by job id: a second call finds the first one's job. */
  submit(spec: JobSpec, signal?: AbortSignal): Promise<JobHandle>;
  poll(handle: JobHandle, signal?: AbortSignal): Promise<JobView>;
  /** Ends the job; resolves once none of its processes lives. Idempotent, also on a job that has ended. */
  cancel(handle: JobHandle): Promise<void>;
  /** The last `maxBytes` of what the job printed. */
  logs(handle: JobHandle, maxBytes: number): Promise<string>;
}
