import { z } from "zod";
import { column } from "./column.ts";
import { versionNumber } from "./commit.ts";
import { blobRef, identifier, name, sha256 } from "./names.ts";
import { instant, runWindows } from "./time.ts";

/** An ed25519 signature over the RFC 8785 JSON of the document without its `signature`. `key`: the public key, SPKI DER in base64. */
export const signature = z.strictObject({ algorithm: z.literal("ed25519"), key: z.base64(), value: z.base64() }).readonly();
export type Signature = z.infer<typeof signature>;

/** The model's outputs: `label` and `score` of a classifier, `value` of a regression. */
const outputs = z.strictObject({ task: z.enum(["binary", "multiclass", "regression"]), classes: z.array(z.string()).nullable() }).readonly();

/** What a version is and where all of it came from. Stored as a blob, and as `versions/<v>/manifest.json` for people. */
export const unsignedManifest = z.strictObject({
  version: z.literal(1),
  model: name,
  v: versionNumber,
  file: blobRef,
  evaluation: blobRef,
  /** Golden predictions (`golden.ts`), which a server wants to see again before the version answers; versions that were registered before there were any have none. */
  golden: blobRef.optional(),
  /** Id of the snapshot it was trained and judged on. */
  snapshot: sha256,
  definition: blobRef,
  /** The commit that the pipeline's folder was at; null outside git. */
  code: z.strictObject({ commit: z.string(), dirty: z.boolean() }).readonly().nullable(),
  trainer: z.strictObject({ command: z.array(z.string()).readonly(), packages: z.record(z.string(), z.string()) }).readonly(),
  params: z.record(z.string(), z.json()),
  seed: z.int(),
  job: z.string(),
  /** Workflow id. */
  run: z.string(),
  windows: runWindows,
  inputs: z.array(z.strictObject({ name: identifier, column }).readonly()).readonly(),
  /** Boolean column that says whether a served row may be trained on. */
  consent: identifier.optional(),
  /** Columns that name a row of the training data and are not private: a caller may send them, so that a served row can be found in what is prepared later. */
  key: z.array(identifier).min(1).readonly().optional(),
  outputs,
  /** Metrics of the candidate on the recent holdout. */
  metrics: z.record(z.string(), z.number()),
  createdAt: instant,
});
export type UnsignedManifest = Readonly<z.infer<typeof unsignedManifest>>;

export const manifest = unsignedManifest.extend({ signature }).readonly();
export type Manifest = z.infer<typeof manifest>;
