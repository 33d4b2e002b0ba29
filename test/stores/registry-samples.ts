import { generateKeyPairSync } from "node:crypto";
import type { RecordedAnswer } from "../../schemas/approval.ts";
import type { Actor } from "../../schemas/commit.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { approvalDigest } from "../../stores/approval-digest.ts";
import { putBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import type { Registry } from "../../stores/registry.ts";
import { replacedBy } from "../../stores/commit-rules.ts";
import { signManifest } from "../../stores/signing.ts";

export const robot: Actor = { kind: "workflow", name: "flights/run/0123456789ab", claimed: false };
export const ann: RecordedAnswer = { by: "ann", claimed: true, decision: "approve", digest: "0123456789ab", refused: null, comment: "looks right", at: "2013-03-01T09:00:00.000Z" };
const instant = "2013-03-01T00:00:00.000Z";

export const key = generateKeyPairSync("ed25519").privateKey;

export function sampleManifest(model: string, v: number, file: BlobRef, evaluation: BlobRef, golden?: BlobRef): Manifest {
  const window = { from: "2013-01-01T00:00:00Z", to: instant };
  return signManifest({
    version: 1, model, v, file, evaluation, ...(golden && { golden }), snapshot: "ab".repeat(32), definition: file, code: { commit: "0".repeat(40), dirty: false },
    trainer: { command: ["python", "-m", "relearn_trainers.lightgbm"], packages: { lightgbm: "4.6.0" } }, params: { num_leaves: 63 }, seed: 1, job: "job-1", run: robot.name,
    windows: { train: window, holdout: window }, inputs: [{ name: "distance", column: { type: "number", nullable: false, wide: false, feature: true } }],
    outputs: { task: "binary", classes: ["0", "1"] }, metrics: { auc: 0.7 }, createdAt: instant,
  }, key);
}

/** Registers a version whose model's bytes are `content`. */
export async function registerSample(store: ObjectStore, registry: Registry, content: string, txn = `register ${content}`): Promise<number> {
  const model = await putBlob(store, new TextEncoder().encode(content));
  const evaluation = await putBlob(store, new TextEncoder().encode(`{"of":"${content}"}`));
  const golden = await putBlob(store, new TextEncoder().encode(`{"golden":"${content}"}`));
  const describe = async (v: number) => ({ manifest: sampleManifest(registry.model, v, model, evaluation, golden), card: `# version ${v}\n` });
  return (await registry.register({ txn, actor: robot, run: robot.name, model, evaluation, describe })).v;
}

/** Says yes to a version against whoever serves now. */
export async function approveSample(registry: Registry, v: number, txn = `approve ${v}`): Promise<void> {
  const version = await registry.version(v);
  const champion = replacedBy(await registry.champion());
  const evaluation = version?.evaluation.sha256 ?? "";
  const digest = approvalDigest({ run: robot.name, model: version?.model.sha256 ?? "", evaluation, champion });
  await registry.recordDecision({ txn, actor: robot, v, run: robot.name, evaluation, champion, decision: "approved", answers: [{ ...ann, digest }] });
}

/** Registers, approves and promotes one version after another. */
export async function promoteSamples(store: ObjectStore, registry: Registry, contents: readonly string[]): Promise<void> {
  for (const content of contents) {
    const v = await registerSample(store, registry, content);
    await approveSample(registry, v);
    await registry.promote({ txn: `promote ${content}`, actor: robot, v, run: robot.name });
  }
}
