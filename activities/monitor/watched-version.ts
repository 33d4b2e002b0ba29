import { readJson } from "../../schemas/boundary.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import { type Evaluation, evaluation } from "../../schemas/evaluation.ts";
import { type Manifest, manifest } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { Sketch } from "../../schemas/sketch.ts";
import { getBlob } from "../../stores/blobs.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import { openRegistry } from "../../stores/registry.ts";
import type { Dependencies } from "../dependencies.ts";
import { readFrame } from "../support/frame-of.ts";
import { mergedSketch, type StoredFrame } from "../support/sketch-partitions.ts";

/** What a version is held against. */
export interface WatchedVersion {
  readonly v: number;
  readonly digest: string;
  readonly manifest: Manifest;
  readonly frame: StoredFrame;
  /** Of the rows it was trained on. */
  readonly reference: Sketch;
  /** What it answered on its recent holdout; null where that was not kept. */
  readonly evaluation: Evaluation | null;
}

type Ports = Pick<Dependencies, "store" | "scratch">;
const kept = new WeakMap<object, Map<string, Promise<WatchedVersion>>>();
const most = 50;

/**
 * A version with its training reference, in the frame of its own snapshot: columns keep their buckets from one snapshot to the next, so its sketches merge.
 * Null where the model has no such version, or it is another model than the log says (of another bucket, or from before it was begun anew).
 */
export async function watchedVersion(deps: Ports, model: string, v: number, digest: string, signal: AbortSignal): Promise<WatchedVersion | null> {
  const known = kept.get(deps.store) ?? new Map<string, Promise<WatchedVersion>>();
  kept.set(deps.store, known);
  const name = `${model} ${v} ${digest}`;
  const found = known.get(name);
  if (found !== undefined) return found;
  const version = await openRegistry(deps.store, model).version(v, signal);
  if (version === null || version.model.sha256 !== digest) return null;
  const read = readVersion(deps, model, v, version.manifest, signal);
  known.set(name, read);
  read.catch(() => known.delete(name));
  if (known.size > most) known.delete(known.keys().next().value as string);
  return read;
}

async function readVersion(deps: Ports, model: string, v: number, ref: BlobRef, signal: AbortSignal): Promise<WatchedVersion> {
  const read = readJson(manifest, await textOf(deps, ref), `the manifest of ${model} version ${v}`);
  const snapshot = await readSnapshot(deps.store, model, read.snapshot, signal);
  const frame = await readFrame(deps, snapshot.frame);
  const [reference, judged] = await Promise.all([mergedSketch(deps, frame, snapshot.id, trained(snapshot), signal), evaluationOf(deps, read)]);
  return { v, digest: read.file.sha256, manifest: read, frame, reference, evaluation: judged };
}

const trained = ({ partitions }: Snapshot): BlobRef[] => partitions.filter(({ role, rows }) => role === "train" && rows > 0).map(({ blob }) => blob);
const textOf = async ({ store }: Ports, ref: BlobRef): Promise<string> => new TextDecoder().decode(await getBlob(store, ref));

/** An evaluation of another format says nothing here, and holds nothing up. */
async function evaluationOf(deps: Ports, { evaluation: ref }: Manifest): Promise<Evaluation | null> {
  const read = evaluation.safeParse(JSON.parse(await textOf(deps, ref)));
  return read.success ? read.data : null;
}
