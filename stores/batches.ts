import { type BatchManifest, batchManifest, type BatchPlan, batchPlan, type ScoredFile, scoredFile } from "../schemas/batch.ts";
import { RelearnError } from "../schemas/failures.ts";
import { keyOf, createDocument, getDocument } from "./documents.ts";
import { createKept, getKept } from "./kept-documents.ts";
import type { ObjectStore } from "./object-store.ts";

const folderOf = (job: string): string => `scores/${job.replace("/score/", "/")}`;
const planKey = (job: string): string => `${folderOf(job)}/plan.json`;
const fileKey = (job: string, n: number): string => `${folderOf(job)}/files/${String(n).padStart(8, "0")}.json`;

/** The plan of a job; null where none is settled yet. */
export async function getPlan(store: ObjectStore, job: string, signal?: AbortSignal): Promise<BatchPlan | null> {
  return getKept(store, planKey(job), batchPlan, signal);
}

/** Settles a job's plan. @returns the one that counts: the first. */
export async function settlePlan(store: ObjectStore, plan: BatchPlan, signal?: AbortSignal): Promise<BatchPlan> {
  await createKept(store, planKey(plan.job), plan, signal);
  return (await getPlan(store, plan.job, signal)) ?? plan;
}

/** What came of the plan's file `n`; null while it is not scored. */
export async function getScored(store: ObjectStore, job: string, n: number, signal?: AbortSignal): Promise<ScoredFile | null> {
  return getDocument(store, fileKey(job, n), scoredFile, signal);
}

export async function putScored(store: ObjectStore, job: string, n: number, scored: ScoredFile, signal?: AbortSignal): Promise<void> {
  await createDocument(store, fileKey(job, n), scored, signal);
}

/** `s3://bucket/folder/`: with its slash, however it was written. */
export const outputFolder = (to: string): string => to.replace(/\/*$/, "/");

/**
 * Names of what becomes of one input file, below the job's folder: the same input under the same name, model and job is the same object.
 * @param name below the place that was asked for.
 */
export function outputName(name: string, sha256: string, { job, file }: Pick<BatchPlan, "job" | "file">): string {
  return `${name}-${sha256.slice(0, 12)}-${keyOf(file.sha256, job).slice(0, 12)}.parquet`;
}

/** What is left out by readers of Parquet folders: names that begin with an underscore. */
export const quarantineName = (output: string): string => `_quarantine/${output}`;
export const manifestName = "_relearn.json";
const claimName = "_relearn-job.json";

/** Lets one job write below a folder, for ever: two would mix their rows. @throws RelearnError `InvalidInput` naming the other one. */
export async function claimFolder(store: ObjectStore, folder: string, job: string, signal?: AbortSignal): Promise<void> {
  if (await createDocument(store, folder + claimName, { job }, signal)) return;
  const found = await store.get(folder + claimName, { signal });
  const other = found === null ? null : jobIn(found.body);
  if (other !== job) throw new RelearnError("InvalidInput", `s3://${store.bucket}/${folder} holds the predictions of ${other ?? "something else"}, and two jobs in one folder would mix their rows: give another folder`);
}

function jobIn(body: Uint8Array): string | null {
  try {
    return String((JSON.parse(new TextDecoder().decode(body)) as { job?: unknown }).job);
  } catch {
    return null;
  }
}

/** Says that all of a job's predictions lie there. */
export async function putBatchManifest(store: ObjectStore, folder: string, manifest: BatchManifest, signal?: AbortSignal): Promise<void> {
  await createDocument(store, folder + manifestName, manifest, signal);
}

export const getBatchManifest = (store: ObjectStore, folder: string, signal?: AbortSignal): Promise<BatchManifest | null> => getDocument(store, folder + manifestName, batchManifest, signal);
