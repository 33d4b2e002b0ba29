import { availableParallelism } from "node:os";
import { threadsEach } from "../policy/batch-slices.ts";
import type { BatchPlan, ScoredFile } from "../schemas/batch.ts";
import { RelearnError } from "../schemas/failures.ts";
import { getPlan, getScored } from "../stores/batches.ts";
import type { Manifest } from "../schemas/manifest.ts";
import { inParallel } from "../stores/parallel.ts";
import { openRegistry } from "../stores/registry.ts";
import { type BatchLimits, withBatchChild } from "./batch/batch-child.ts";
import { fetchTable } from "./batch/fetch-table.ts";
import { storePredictions } from "./batch/store-predictions.ts";
import type { Activities, ScoredCounts } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { landingOf, manifestToRun } from "./plan-batch.ts";
import { type Pulse, withHeartbeat } from "./support/heartbeat.ts";
import { localBlobs } from "./support/local-blobs.ts";
import { inWorkFolder, type WorkPlace } from "./support/work-folder.ts";

type Ports = Pick<Dependencies, "store" | "openBucket" | "scratch" | "trusted">;

/**
 * Scores a slice of a job's files, in order: while one is scored the next is fetched and the one before is stored. Each file's predictions
 * are one object, created once, and then a record; an attempt goes on behind the records of those before it.
 * @throws RelearnError `DataRefused` naming file, row and column; `ModelRefused` (also where no trusted key signed the version), `InferenceLimit`.
 */
export function createScoreFiles(deps: Ports, limits?: BatchLimits): Activities["scoreFiles"] {
  return ({ job, first, count }) => withHeartbeat(async (pulse) => {
    const plan = await readPlan(deps, job, pulse.signal);
    const slice = plan.files.map((_, n) => n).slice(first, first + count);
    const known = await inParallel(slice, 16, (n) => getScored(deps.store, job, n, pulse.signal));
    const left = slice.filter((_, i) => known[i] === null);
    const scored = left.length === 0 ? [] : await inWorkFolder(deps.scratch, { timezone: plan.timezone, signal: pulse.signal }, (place) => scoreAll({ deps, plan, place, pulse, limits }, left));
    return countsOf([...known.flatMap((one) => one ?? []), ...scored]);
  });
}

export async function readPlan({ store }: Pick<Dependencies, "store">, job: string, signal: AbortSignal): Promise<BatchPlan> {
  const plan = await getPlan(store, job, signal);
  if (plan === null) throw new RelearnError("NotFound", `${job} has no plan in s3://${store.bucket}`);
  return plan;
}

export const countsOf = (scored: readonly ScoredFile[]): ScoredCounts => ({
  files: scored.length, rows: scored.reduce((sum, { output }) => sum + output.rows, 0), skipped: scored.reduce((sum, { quarantine }) => sum + (quarantine?.rows ?? 0), 0),
});

interface Scoring { readonly deps: Ports; readonly plan: BatchPlan; readonly place: WorkPlace; readonly pulse: Pulse; readonly limits: BatchLimits | undefined }

async function scoreAll({ deps, plan, place, pulse, limits }: Scoring, left: readonly number[]): Promise<ScoredFile[]> {
  const { request, timezone, v } = plan;
  const { file, inputs: columns, outputs: { classes, task } } = await modelOf(deps, plan, pulse.signal);
  const [path] = await localBlobs(deps, [file], pulse.signal);
  const landing = landingOf(deps, request, timezone);
  const fetch = (n: number | undefined) => (n === undefined ? null : quietly(fetchTable(plan, n, { landing, ...place, signal: pulse.signal })));
  const bytes = plan.files.reduce((sum, one) => sum + one.bytes, 0);
  const threads = threadsEach({ files: plan.files.length, bytes, parallel: request.parallel, cores: availableParallelism() });
  const open = { folder: place.folder, timezone, threads, task, model: { path: path!, sha256: file.sha256, columns, classes } };
  return withBatchChild(open, { limits, signal: pulse.signal }, async (child) => {
    const stored: Promise<ScoredFile>[] = [];
    let next = fetch(left[0]);
    for (const [i, n] of left.entries()) {
      const table = await next!;
      next = fetch(left[i + 1]);
      const beat = (rows: number): void => pulse.beat({ file: n, rows });
      const { keep, onBadRow } = request;
      const counts = await child.score({ name: table.uri, path: table.path, text: table.text, keep, onBadRow, v }, table.output, table.quarantine, beat);
      await stored.at(-1);
      stored.push(quietly(storePredictions(deps, plan, n, table, landing.root, counts, pulse.signal)));
    }
    return Promise.all(stored);
  });
}

/** The version of a plan, looked up and verified anew: a plan lies in the bucket unsigned, and who can change it must not choose the model. */
async function modelOf(deps: Ports, { request: { model }, v, file }: BatchPlan, signal: AbortSignal): Promise<Manifest> {
  const version = await openRegistry(deps.store, model).version(v, signal);
  if (version === null) throw new RelearnError("NotFound", `${model} has no version ${v}`);
  if (version.model.sha256 !== file.sha256) throw new RelearnError("Corrupt", `the plan of this batch names the model ${file.sha256.slice(0, 12)} as version ${v} of ${model}, which is ${version.model.sha256.slice(0, 12)}: it was changed; start a new batch`);
  return manifestToRun(deps, model, version, signal);
}

/** What fails while something else is awaited is met where it is awaited itself. */
function quietly<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
