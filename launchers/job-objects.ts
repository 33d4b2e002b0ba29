import { readAs } from "../schemas/boundary.ts";
import { jobResult, jobSpec, jobStatus, type JobResult, type JobStatus } from "../schemas/job.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import type { JobView } from "./launcher.ts";

/** Key of one of a job's objects: `spec.json`, `status.json`, `result.json`, `metrics.jsonl`, `log.txt`. */
export const jobKey = (job: string, file: string): string => `jobs/${job}/${file}`;

/** The job's one result, or null while there is none. @throws RelearnError `InvalidInput` when it is not one. */
export async function readResult(store: ObjectStore, job: string, signal?: AbortSignal): Promise<JobResult | null> {
  const found = await readJson(store, jobKey(job, "result.json"), signal);
  return found === null ? null : readAs(jobResult, found, `s3://${store.bucket}/${jobKey(job, "result.json")}`);
}

/** What the wrapper last said; null before it said anything. */
export async function readStatus(store: ObjectStore, job: string, signal?: AbortSignal): Promise<JobStatus | null> {
  const found = await readJson(store, jobKey(job, "status.json"), signal);
  return found === null ? null : readAs(jobStatus, found, `s3://${store.bucket}/${jobKey(job, "status.json")}`);
}

/** Writes the result unless there is one already: the first result of a job stands. */
export async function createResult(store: ObjectStore, result: JobResult): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(result));
  await store.put(jobKey(result.job, "result.json"), body, { ifNoneMatch: "*", contentType: "application/json" });
}

/** The result of a job that somebody ended. @throws RelearnError `NotFound` when there is no such job. */
export async function cancelledResult(store: ObjectStore, job: string): Promise<JobResult> {
  const found = await readJson(store, jobKey(job, "spec.json"));
  if (found === null) throw new RelearnError("NotFound", `there is no job ${job} in s3://${store.bucket}; check the id`);
  const spec = readAs(jobSpec, found, `s3://${store.bucket}/${jobKey(job, "spec.json")}`);
  const now = new Date().toISOString();
  const startedAt = (await store.head(jobKey(job, "spec.json")))?.modifiedAt ?? now;
  return {
    version: 1, job, run: spec.run, state: "cancelled", exitCode: null, reason: "its launcher was told to end it", retryable: false,
    files: {}, metrics: {}, environment: {}, seed: spec.seed, startedAt, endedAt: now,
  };
}

export function viewOfResult({ state, reason }: JobResult): JobView {
  return { state, progress: state === "succeeded" ? { progressPercentage: 100 } : null, reason };
}

/** The last `maxBytes` of an object as text; empty when there is no such object. */
export async function readTail(store: ObjectStore, key: string, maxBytes: number): Promise<string> {
  const found = await store.get(key);
  return found === null || maxBytes <= 0 ? "" : new TextDecoder().decode(found.body.slice(-maxBytes));
}

async function readJson(store: ObjectStore, key: string, signal?: AbortSignal): Promise<unknown> {
  const found = await store.get(key, { signal });
  return found === null ? null : JSON.parse(new TextDecoder().decode(found.body));
}
