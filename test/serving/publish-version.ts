import type { KeyObject } from "node:crypto";
import type { RecordedAnswer } from "../../schemas/approval.ts";
import type { Actor } from "../../schemas/commit.ts";
import { approvalDigest } from "../../stores/approval-digest.ts";
import { putBlob, putJsonBlob } from "../../stores/blobs.ts";
import { replacedBy } from "../../stores/commit-rules.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry, type Registry } from "../../stores/registry.ts";
import type { UnsignedManifest } from "../../schemas/manifest.ts";
import { signManifest } from "../../stores/signing.ts";
import { craftModel } from "../support/onnx-writer.ts";

export const actor: Actor = { kind: "workflow", name: "rides/run/0123456789ab", claimed: false };
const yes: RecordedAnswer = { by: "ann", claimed: true, decision: "approve", digest: "0123456789ab", refused: null, comment: "", at: "2013-03-01T09:00:00.000Z" };
const window = { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" };

/** A model `value = x`; each name makes other bytes. */
export const identityModel = (name: string): Uint8Array => craftModel({ model: [[2, name]] });

/** Registers a version of a model that can be served, from its bytes. @returns its number */
export async function registerVersion(store: ObjectStore, model: string, bytes: Uint8Array, key: KeyObject, name: string, change: Partial<UnsignedManifest> = {}): Promise<number> {
  const [file, evaluation] = await Promise.all([putBlob(store, bytes), putJsonBlob(store, { of: name })]);
  const describe = async (v: number) => ({
    manifest: signManifest({
      version: 1, model, v, file, evaluation, snapshot: "ab".repeat(32), definition: evaluation, code: null, trainer: { command: ["sh"], packages: {} }, params: {}, seed: 1, job: "job-1", run: actor.name,
      windows: { train: window, holdout: window }, inputs: [{ name: "x", column: { type: "number", nullable: true, wide: false, feature: true } }], outputs: { task: "regression", classes: null }, metrics: {}, createdAt: window.to, ...change,
    }, key),
    card: `# ${model} ${v}\n`,
  });
  return (await openRegistry(store, model).register({ txn: `${name}/register`, actor, run: actor.name, model: file, evaluation, describe })).v;
}

/** Says yes to a version against whoever serves now, so that it may be promoted. */
export async function approveVersion(registry: Registry, v: number): Promise<void> {
  const [version, champion] = [(await registry.version(v))!, replacedBy(await registry.champion())];
  const digest = approvalDigest({ run: actor.name, model: version.model.sha256, evaluation: version.evaluation.sha256, champion });
  await registry.recordDecision({ txn: `${v}/decide`, actor, v, run: actor.name, evaluation: version.evaluation.sha256, champion, decision: "approved", answers: [{ ...yes, digest }] });
}

export async function promoteVersion(registry: Registry, v: number): Promise<void> {
  await registry.promote({ txn: `${v}/promote`, actor, v, run: actor.name });
}

/** Registers, approves and promotes in one go. */
export async function publishVersion(store: ObjectStore, model: string, bytes: Uint8Array, key: KeyObject, name: string, change: Partial<UnsignedManifest> = {}): Promise<number> {
  const v = await registerVersion(store, model, bytes, key, name, change);
  const registry = openRegistry(store, model);
  await approveVersion(registry, v);
  await promoteVersion(registry, v);
  return v;
}
