import { readAs } from "../schemas/boundary.ts";
import { batchId, type BatchPlan, type BatchRequest, batchRequest, mostFiles } from "../schemas/batch.ts";
import type { Champion } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { Manifest } from "../schemas/manifest.ts";
import { claimFolder, getPlan, outputFolder, settlePlan } from "../stores/batches.ts";
import { getBlob } from "../stores/blobs.ts";
import { keyOf } from "../stores/documents.ts";
import { type Landing, openLanding } from "../stores/landing.ts";
import { openRegistry } from "../stores/registry.ts";
import { parseS3Uri } from "../stores/s3-uri.ts";
import { trustedManifest } from "../stores/trusted-manifest.ts";
import type { Activities, BatchPlanned } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { withHeartbeat } from "./support/heartbeat.ts";
import { readDefinition } from "./support/read-definition.ts";

type Ports = Pick<Dependencies, "store" | "openBucket" | "now" | "trusted">;

/**
 * Settles a batch job's plan, once: whoever goes on with the job scores the same files by the same version, whatever serves by then.
 * @throws RelearnError `InvalidInput` where there is nothing to score or the job was asked for otherwise; `NotFound` without such a version;
 * `ModelRefused` where no trusted key signed it.
 */
export function createPlanBatch(deps: Ports): Activities["planBatch"] {
  return (input) => withHeartbeat(async ({ signal }) => {
    const request = readAs(batchRequest, input.request, "the batch to score");
    checkJob(input.job, request);
    const known = await getPlan(deps.store, input.job, signal);
    if (known === null) return plannedOf(await settlePlan(deps.store, await makePlan(deps, input.job, request, signal), signal));
    if (keyOf(known.request) !== keyOf(request)) throw new RelearnError("InvalidInput", `${input.job} was asked before to score ${known.request.from} into ${known.request.to}, in another way than now: give this batch another --id`);
    return plannedOf(known);
  });
}

const plannedOf = ({ v, file, files }: BatchPlan): BatchPlanned => ({ v, digest: file.sha256, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });

function checkJob(job: string, { model }: BatchRequest): void {
  const id = job.startsWith(`${model}/score/`) ? job.slice(`${model}/score/`.length) : null;
  if (id === null) throw new RelearnError("InvalidInput", `the workflow id is ${job}; for this model it must be ${model}/score/ and a name`);
  readAs(batchId, id, `the name at the end of the workflow id ${job}`);
}

async function makePlan(deps: Ports, job: string, request: BatchRequest, signal: AbortSignal): Promise<BatchPlan> {
  const { v, manifest } = await versionOf(deps, request, signal);
  const { timezone } = await readDefinition(deps.store, manifest.definition);
  const plannedAt = deps.now();
  const files = await listFiles(landingOf(deps, request, timezone), request, plannedAt, signal);
  const { bucket, key } = parseS3Uri(outputFolder(request.to));
  await claimFolder(deps.openBucket(bucket), key, job, signal);
  return { version: 1, job, request, v, file: manifest.file, columns: manifest.inputs, task: manifest.outputs.task, classes: manifest.outputs.classes, timezone, files, plannedAt };
}

async function versionOf({ store, trusted }: Ports, { model, v }: BatchRequest, signal: AbortSignal): Promise<{ readonly v: number; readonly manifest: Manifest }> {
  const registry = openRegistry(store, model);
  const version = v === null ? await registry.champion(signal) : await registry.version(v, signal);
  if (version === null) throw new RelearnError("NotFound", v === null ? `no version of ${model} serves yet: promote one, or name a version` : `${model} has no version ${v}`);
  return { v: version.v, manifest: await manifestToRun({ store, trusted }, model, version, signal) };
}

/** What a version is run by, from the log on: the plan of a job says nothing about that. @throws as `trustedManifest`. */
export async function manifestToRun({ store, trusted }: Pick<Dependencies, "store" | "trusted">, model: string, version: Pick<Champion, "v" | "model" | "manifest">, signal: AbortSignal): Promise<Manifest> {
  return trustedManifest(new TextDecoder().decode(await getBlob(store, version.manifest, signal)), model, version, await trusted());
}

/** The place of a batch's files; no column need tell their time. */
export function landingOf({ openBucket }: Pick<Dependencies, "openBucket">, { from, format }: BatchRequest, timezone: string): Landing {
  return openLanding({ format, uri: from }, { timezone, openBucket, base: "/" });
}

/** A template's files may be of days to come: a forecast's. */
const aheadMs = 366 * 86_400_000;

async function listFiles(landing: Landing, { from, to, format }: BatchRequest, now: string, signal: AbortSignal): Promise<BatchPlan["files"]> {
  const earliest = (await landing.earliest(signal)) ?? now;
  const { files } = await landing.list({ from: earliest, to: new Date(Date.parse(now) + aheadMs).toISOString() }, signal);
  if (files.length === 0) throw new RelearnError("InvalidInput", `no ${format} file lies at ${from}; nothing was scored`);
  if (files.length > mostFiles) throw new RelearnError("InvalidInput", `${files.length} files lie at ${from}, and a batch takes ${mostFiles}: score it in parts`);
  const own = files.find(({ uri }) => uri.startsWith(outputFolder(to)));
  if (own !== undefined) throw new RelearnError("InvalidInput", `${own.uri} lies in the folder that the predictions go to: give them a folder of their own`);
  return files.map(({ uri, bytes, etag }) => ({ uri, bytes, etag }));
}
