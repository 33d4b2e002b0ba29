import { readFile } from "node:fs/promises";
import type { ModelContract, ModelProcess } from "../inference/contract.ts";
import { inputOf } from "../inference/signature.ts";
import { readJson } from "../schemas/boundary.ts";
import type { Champion } from "../schemas/commit.ts";
import { golden as goldenSchema, type Golden } from "../schemas/golden.ts";
import type { Manifest } from "../schemas/manifest.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { BlobCache } from "../stores/blob-cache.ts";
import { trustedManifest } from "../stores/trusted-manifest.ts";
import type { LoadVersion } from "./version-runner.ts";

/** Starts a process for a model file whose manifest is trusted; resolves once it is verified and warm. */
export type StartModel = (request: { readonly path: string; readonly contract: ModelContract; readonly golden: Golden | null; readonly signal: AbortSignal }) => Promise<ModelProcess>;

export interface LoadOptions {
  readonly model: string;
  readonly cache: BlobCache;
  /** Public keys whose signatures count, asked anew at each load: this installation's own may be made later. */
  readonly trusted: () => Promise<readonly string[]>;
  readonly start: StartModel;
}

/** Loads versions of a model: nothing of one is used before its manifest's signature and the digests it vouches for were checked. */
export function versionLoader({ model, cache, trusted, start }: LoadOptions): LoadVersion {
  /** By the manifest's digest: a version that is loaded again keeps its contract, and what others remember of it. */
  const contracts = new Map<string, ModelContract>();
  const load = async (version: Champion, file: (ref: BlobRef) => Promise<string>, signal: AbortSignal): Promise<ModelProcess> => {
    const manifest = trustedManifest(await readFile(await file(version.manifest), "utf8"), model, version, await trusted());
    const path = await file(version.model);
    const golden = manifest.golden === undefined ? null : readJson(goldenSchema, await readFile(await file(manifest.golden), "utf8"), `the golden predictions of version ${version.v} of ${model}`);
    const contract = contracts.get(version.manifest.sha256) ?? contractOf(manifest);
    contracts.set(version.manifest.sha256, contract);
    return start({ path, contract, golden, signal });
  };
  return async (version, signal) => {
    const used: BlobRef[] = [];
    try {
      return await load(version, (ref) => (used.push(ref), cache.file(ref, signal)), signal);
    } catch (error) {
      // The disk may have changed what was verified once: the next try looks at it, and fetches it anew.
      used.forEach(cache.doubt);
      throw error;
    }
  };
}

export function contractOf({ model, v, file, inputs, outputs, consent, key }: Manifest): ModelContract {
  return { model, v, digest: file.sha256, columns: inputs, inputs: inputs.map(inputOf), task: outputs.task, classes: outputs.classes, consent, key };
}
