import { RelearnError } from "../../schemas/failures.ts";
import { type RunRecord, runRecord } from "../../schemas/run.ts";
import { getDocument } from "../../stores/documents.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { findRun as findRunOf, listPipelines } from "../../stores/runs.ts";
import { notAmong } from "./known-model.ts";

const newestFirst = (a: RunRecord, b: RunRecord): number => b.startedAt.localeCompare(a.startedAt);

/** Runs of one pipeline, or of all, newest first. @throws RelearnError `NotFound` for a pipeline without runs */
export async function newestRuns(store: ObjectStore, pipeline: string | null, limit: number): Promise<RunRecord[]> {
  const pipelines = pipeline === null ? await listPipelines(store) : [pipeline];
  const found = (await inParallel(pipelines, 8, (name) => first(store, name, limit))).flat();
  if (pipeline !== null && found.length === 0) throw notAmong("run of pipeline", pipeline, await listPipelines(store), "`relearn run` starts one");
  return found.sort(newestFirst).slice(0, limit);
}

async function first(store: ObjectStore, pipeline: string, limit: number): Promise<RunRecord[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`runs/${pipeline}/`)) if (keys.push(key) >= limit) break;
  return (await inParallel(keys, 16, (key) => getDocument(store, key, runRecord))).filter((record) => record !== null);
}

/**
 * The run that a person means: a workflow id, its 12 hex digits, a pipeline's name (its newest run), or `latest`.
 * @throws RelearnError `NotFound`, `Usage`
 */
export async function findRun(store: ObjectStore, text: string): Promise<RunRecord> {
  const pipeline = /^([a-z0-9][a-z0-9-]{0,62})\/run\/[0-9a-f]{4,12}$/.exec(text)?.[1];
  if (pipeline !== undefined) return findRunOf(store, pipeline, text);
  if (/^[0-9a-f]{12}$/.test(text)) return byDigits(store, text);
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) throw new RelearnError("Usage", `${JSON.stringify(text.slice(0, 80))} names no run: give its id such as flights/run/3f0c9a1b2c4d, its 12 hex digits, a pipeline's name, or \`latest\``);
  const [newest] = await newestRuns(store, text === "latest" ? null : text, 1);
  if (newest === undefined) throw new RelearnError("NotFound", "there is no run yet; `relearn run <definition>` starts one");
  return newest;
}

async function byDigits(store: ObjectStore, digits: string): Promise<RunRecord> {
  for (const pipeline of await listPipelines(store)) {
    const record = await findRunOf(store, pipeline, digits).catch(() => null);
    if (record !== null) return record;
  }
  throw new RelearnError("NotFound", `there is no run ${digits}; \`relearn runs\` lists them`);
}

/** Null while no record has been written yet. */
export async function recordedRun(store: ObjectStore, workflowId: string): Promise<RunRecord | null> {
  const [pipeline = ""] = workflowId.split("/");
  for await (const { key } of store.list(`runs/${pipeline}/`)) {
    if (key.endsWith(`-${workflowId.split("/").at(-1)}.json`)) return getDocument(store, key, runRecord);
  }
  return null;
}
