import { RelearnError } from "../schemas/failures.ts";
import { runRecord, type RunRecord } from "../schemas/run.ts";
import { getDocument, parseDocument, putDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { reversedTime } from "./reversed-time.ts";

const prefix = (pipeline: string): string => `runs/${pipeline}/`;

/** `runs/<pipeline>/<reversed time>-<run id>.json`; the run id is the last part of the workflow id. */
export const runKey = ({ pipeline, run, startedAt }: Pick<RunRecord, "pipeline" | "run" | "startedAt">): string => `${prefix(pipeline)}${reversedTime(startedAt)}-${run.split("/").at(-1)}.json`;

/** Writes how a run stands now. A record older than the stored one is not written: a late retry must not turn time back. */
export async function putRun(store: ObjectStore, record: RunRecord, signal?: AbortSignal): Promise<void> {
  const key = runKey(record);
  const existing = await getDocument(store, key, runRecord, signal);
  if (existing !== null && Date.parse(existing.updatedAt) > Date.parse(record.updatedAt)) return;
  await putDocument(store, key, record, signal);
}

/** Runs of a pipeline, newest first. Stop iterating when there are enough: each is one read. */
export async function* listRuns(store: ObjectStore, pipeline: string, signal?: AbortSignal): AsyncGenerator<RunRecord, void> {
  for await (const { key } of store.list(prefix(pipeline), { signal })) {
    const found = await store.get(key, { signal });
    if (found !== null) yield parseDocument(store, key, runRecord, found.body);
  }
}

/** Pipelines that have run. */
export async function listPipelines(store: ObjectStore, signal?: AbortSignal): Promise<string[]> {
  return listFolders(store, "runs/", signal);
}

/** Models that have a log. */
export async function listModels(store: ObjectStore, signal?: AbortSignal): Promise<string[]> {
  return listFolders(store, "models/", signal);
}

/** Names right below a prefix: one short listing a name, however many objects lie below it. */
async function listFolders(store: ObjectStore, below: string, signal?: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  for (let startAfter: string | undefined = below; startAfter !== undefined;) {
    const next: string | undefined = await firstKey(store, below, startAfter, signal);
    const name: string | undefined = next?.slice(below.length).split("/")[0];
    if (name !== undefined) names.push(name);
    startAfter = name === undefined ? undefined : `${below}${name}/\u{10FFFF}`;
  }
  return names;
}

async function firstKey(store: ObjectStore, prefix: string, startAfter: string, signal?: AbortSignal): Promise<string | undefined> {
  for await (const { key } of store.list(prefix, { startAfter, limit: 1, signal })) return key;
  return undefined;
}

/** One run by its workflow id, or by the end of it (the run id, or its first digits). @throws RelearnError `NotFound`, `Usage` when several fit. */
export async function findRun(store: ObjectStore, pipeline: string, run: string, signal?: AbortSignal): Promise<RunRecord> {
  const wanted = run.split("/").at(-1) as string;
  const keys: string[] = [];
  for await (const { key } of store.list(prefix(pipeline), { signal })) if (key.slice(prefix(pipeline).length + 16).startsWith(wanted)) keys.push(key);
  if (keys.length === 0) throw new RelearnError("NotFound", `${pipeline} has no run ${run}; \`relearn runs\` lists them`);
  if (keys.length > 1) throw new RelearnError("Usage", `${keys.length} runs of ${pipeline} begin with ${wanted}; give more of the id`);
  return (await getDocument(store, keys[0] as string, runRecord, signal)) as RunRecord;
}
