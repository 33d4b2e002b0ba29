import { jobKey, readResult } from "../launchers/job-objects.ts";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { jobSpec } from "../schemas/job.ts";
import { manifest as manifestSchema } from "../schemas/manifest.ts";
import { getBlob } from "../stores/blobs.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { openRegistry } from "../stores/registry.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** What a registered version was made of, so that it can be evaluated again on today's rows. */
export function createVersionEvidence({ store }: Dependencies): Activities["versionEvidence"] {
  return async ({ model, v }) => {
    const version = await openRegistry(store, model).version(v);
    if (version === null) throw new RelearnError("NotFound", `${model} has no version ${v}`);
    const manifest = readJson(manifestSchema, new TextDecoder().decode(await getBlob(store, version.manifest)), `the manifest of ${model} ${v}`);
    const result = await readResult(store, manifest.job);
    const predictions = result?.files["predictions.parquet"];
    const sample = await sampleOf(store, manifest.job);
    if (result === null || predictions === undefined || sample === null) throw new RelearnError("NotFound", `job ${manifest.job}, which trained ${model} ${v}, left no predictions to compare with; train again`);
    const { metrics, environment, seed } = result;
    return {
      version: { v, model: version.model, manifest: version.manifest }, snapshot: manifest.snapshot,
      trained: { job: manifest.job, model: version.model, predictions, sample, metrics, environment, seed, seconds: 0 },
    };
  };
}

async function sampleOf(store: ObjectStore, job: string) {
  const found = await store.get(jobKey(job, "spec.json"));
  if (found === null) return null;
  const spec = readJson(jobSpec, new TextDecoder().decode(found.body), jobKey(job, "spec.json"));
  return spec.inputs.find((input) => input.path === "sample/sample.parquet")?.blob ?? null;
}
