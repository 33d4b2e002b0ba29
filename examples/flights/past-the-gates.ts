import { createEvaluate } from "../../activities/evaluate.ts";
import { createRegister } from "../../activities/register.ts";
import { createVersionEvidence } from "../../activities/version-evidence.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { readJson } from "../../schemas/boundary.ts";
import type { GateResult } from "../../schemas/gate.ts";
import { manifest as manifestSchema } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { approvalDigest } from "../../stores/approval-digest.ts";
import { getBlob } from "../../stores/blobs.ts";
import { replacedBy } from "../../stores/commit-rules.ts";
import { openRegistry, type Version } from "../../stores/registry.ts";

export interface Smuggled {
  readonly v: number;
  readonly run: string;
  /** What the gates say of it, which nobody heeds here. */
  readonly gates: readonly GateResult[];
}

/**
 * Registers a model and approves it whatever its gates say, as somebody with every key could: what a server does with a bad version cannot be shown with one
 * that the gates have stopped. It is judged like any other, against the version it would replace, on the same rows.
 */
export async function passTheGates(deps: Dependencies, champion: Version, model: BlobRef, name: string): Promise<Smuggled> {
  const { definition, windows } = readJson(manifestSchema, new TextDecoder().decode(await getBlob(deps.store, champion.manifest)), "the manifest");
  const { snapshot, trained } = await createVersionEvidence(deps)({ model: "flights", v: champion.v });
  const run = `flights/demo/${name}`;
  const step = { run, pipeline: "flights", definition, windows, asOf: windows.holdout.to };
  const { evaluation, gates } = await createEvaluate(deps)({ ...step, ...trained, snapshot, model, champion });
  const { v } = await createRegister(deps)({ ...step, snapshot, trained: { ...trained, model }, evaluation, causes: [{ kind: "person", key: name, by: "demo" }] });
  await approve(deps, { v, run, model, evaluation, champion });
  return { v, run, gates };
}

interface Approved { readonly v: number; readonly run: string; readonly model: BlobRef; readonly evaluation: BlobRef; readonly champion: Version }

/** The log takes any approval that names what it approves; the evidence is what the workflow asks for, and this goes past it. */
async function approve({ store, now }: Dependencies, { v, run, model, evaluation, champion }: Approved): Promise<void> {
  const subject = { run, model: model.sha256, evaluation: evaluation.sha256, champion: replacedBy(champion) };
  const answer = { by: "demo", claimed: true, decision: "approve", digest: approvalDigest(subject), comment: "past the gates, on purpose", at: now(), refused: null } as const;
  await openRegistry(store, "flights").recordDecision({
    v, run, evaluation: subject.evaluation, champion: subject.champion, decision: "approved", answers: [answer], txn: `${run}/decision`, actor: { kind: "person", name: "demo", claimed: true },
  });
}
