import { readJson } from "../schemas/boundary.ts";
import type { Champion } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import { type Manifest, manifest as manifestSchema } from "../schemas/manifest.ts";
import { signatureProblem } from "./signing.ts";

/**
 * Reads the manifest of a version that is to be run: nothing that it names counts before this.
 * @param text the manifest's bytes, held against the log's digest.
 * @param trusted public keys, SPKI DER in base64.
 * @throws RelearnError `Corrupt` for a manifest of another version or model file; `ModelRefused` where no trusted key signed it.
 */
export function trustedManifest(text: string, model: string, { v, model: file }: Pick<Champion, "v" | "model">, trusted: readonly string[]): Manifest {
  const manifest = readJson(manifestSchema, text, `the manifest of version ${v} of ${model}`);
  if (manifest.model !== model || manifest.v !== v || manifest.file.sha256 !== file.sha256) {
    throw new RelearnError("Corrupt", `the manifest of version ${v} of ${model} is that of version ${manifest.v} of ${manifest.model} with the model ${manifest.file.sha256.slice(0, 12)}; run \`relearn verify ${model}\``);
  }
  const problem = signatureProblem(manifest, trusted);
  if (problem !== null) throw new RelearnError("ModelRefused", `version ${v} of ${model} is not run: ${problem}; where that key is yours, name it in RELEARN_TRUST_KEYS`);
  return manifest;
}
