import type { KeyObject } from "node:crypto";
import type { RecordedAnswer } from "../../schemas/approval.ts";
import type { Actor } from "../../schemas/commit.ts";
import type { Manifest, UnsignedManifest } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { approvalDigest } from "../../stores/approval-digest.ts";
import { putBlobFile, putJsonBlob } from "../../stores/blobs.ts";
import { replacedBy } from "../../stores/commit-rules.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { signManifest } from "../../stores/signing.ts";

export const actor: Actor = { kind: "workflow", name: "published/run/0123456789ab", claimed: false };
const run = actor.name;

/** What a manifest says of the model itself, where it is to be served. */
export type Served = Pick<UnsignedManifest, "inputs" | "outputs" | "golden">;

export interface Published {
  readonly v: number;
  readonly file: BlobRef;
  promote(): Promise<void>;
}

/** What a run does from a trained file to the approval: blob, registration, decision. */
export async function publish(store: ObjectStore, model: string, path: string, key: KeyObject, served: Served = sampleServed): Promise<Published> {
  const registry = openRegistry(store, model);
  const file = await putBlobFile(store, path);
  const evaluation = await putJsonBlob(store, { of: file.sha256, metrics: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`metric ${i}`, { value: i / 60, low: 0, high: 1 }])) });
  const describe = async (v: number) => ({ manifest: sampleManifest(model, v, file, evaluation, key, served), card: `# ${model} ${v}\n${"What it is for, and how it did.\n".repeat(40)}` });
  const { v } = await registry.register({ txn: `${file.sha256}/register`, actor, run, model: file, evaluation, describe });
  const champion = replacedBy(await registry.champion());
  await registry.recordDecision({ txn: `${file.sha256}/decide`, actor, v, run, evaluation: evaluation.sha256, champion, decision: "approved", answers: [{ ...yes, digest: approvalDigest({ run, model: file.sha256, evaluation: evaluation.sha256, champion }) }] });
  return { v, file, promote: async () => void (await registry.promote({ txn: `${file.sha256}/promote`, actor, v, run })) };
}

/** From a trained file to the champion. @returns the version */
export async function publishAndPromote(store: ObjectStore, model: string, path: string, key: KeyObject): Promise<number> {
  const { v, promote } = await publish(store, model, path, key);
  await promote();
  return v;
}

const yes: RecordedAnswer = { by: "ann", claimed: true, decision: "approve", digest: "0123456789ab", refused: null, comment: "", at: "2013-03-01T09:00:00.000Z" };

const sampleServed: Served = { inputs: [{ name: "distance", column: { type: "number", nullable: false, wide: false, feature: true } }], outputs: { task: "binary", classes: ["0", "1"] } };

function sampleManifest(model: string, v: number, file: BlobRef, evaluation: BlobRef, key: KeyObject, served: Served): Manifest {
  const window = { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" };
  return signManifest({
    version: 1, model, v, file, evaluation, snapshot: "ab".repeat(32), definition: evaluation, code: null,
    trainer: { command: ["python", "-m", "relearn_trainers.lightgbm"], packages: { lightgbm: "4.6.0" } }, params: { num_leaves: 63 }, seed: 1, job: "job-1", run,
    windows: { train: window, holdout: window }, ...served, metrics: { auc: 0.7 }, createdAt: window.to,
  }, key);
}
