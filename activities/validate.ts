import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../schemas/boundary.ts";
import { type Ingested, ingested, type Snapshot } from "../schemas/dataset.ts";
import type { Definition } from "../schemas/definition.ts";
import { manifest } from "../schemas/manifest.ts";
import type { ValidationReport } from "../schemas/validation.ts";
import { mergeSketches } from "../stats/merge-sketches.ts";
import { lastAccepted, recordAccepted } from "../stores/accepted-snapshots.ts";
import { getBlob, putJsonBlob } from "../stores/blobs.ts";
import { freezeFrame, getFrameRef, putSnapshot, readSnapshot } from "../stores/datasets.ts";
import { keyOf } from "../stores/documents.ts";
import { type Contract, contractOf } from "../tables/contract.ts";
import type { Activities, ValidateInput, ValidateResult } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { acceptDataset, type Judged } from "./support/accept-partitions.ts";
import { checkDataset, labelCounts } from "./support/check-dataset.ts";
import { countOverlap } from "./support/count-overlap.ts";
import { frameOf, readFrame } from "./support/frame-of.ts";
import { type Pulse, withHeartbeat } from "./support/heartbeat.ts";
import { keepQuarantine } from "./support/keep-quarantine.ts";
import { lazySandbox } from "./support/lazy-sandbox.ts";
import { readDefinition } from "./support/read-definition.ts";
import { mergedSketch, sketchesOf, type StoredFrame } from "./support/sketch-partitions.ts";

/**
 * Holds a data set against its contract, against the last accepted snapshot and against the champion's training data. Bad
 * rows go to quarantine; a data set that must not be trained on is refused with all its reasons; any other becomes a
 * snapshot. What was judged before is not judged again, so a run costs what its new partitions cost.
 */
export function createValidate(deps: Dependencies): Activities["validate"] {
  return (input) => withHeartbeat(async (pulse) => {
    const definition = await readDefinition(deps.store, input.definition);
    const folder = join(deps.scratch, "validate", randomUUID());
    await mkdir(folder, { recursive: true });
    const sandbox = lazySandbox({ scratch: folder, timezone: definition.timezone, signal: pulse.signal });
    try {
      return await validate({ deps, input, definition, contract: contractOf(definition), folder, sandbox: sandbox.open, signal: pulse.signal });
    } finally {
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

interface Validation {
  readonly deps: Dependencies;
  readonly input: ValidateInput;
  readonly definition: Definition;
  readonly contract: Contract;
  readonly folder: string;
  readonly sandbox: ReturnType<typeof lazySandbox>["open"];
  readonly signal: Pulse["signal"];
}

async function validate(work: Validation): Promise<ValidateResult> {
  const { deps, input, definition, contract, signal } = work;
  const dataset = readJson(ingested, new TextDecoder().decode(await getBlob(deps.store, input.dataset)), `data set ${input.dataset.sha256.slice(0, 12)}`);
  const [last, champion, { golden, partitions }] = await Promise.all([lastSnapshot(work), championSnapshot(work), acceptDataset({ ...work, pipeline: input.pipeline }, dataset)]);
  const frame = await frameOf(deps, input.pipeline, contract, last, partitions, signal);
  const fresh = freshPartitions(partitions, last);
  const [current, reference, overlap] = await Promise.all([
    sketchesOf(deps, frame, fresh.map(({ acceptance }) => acceptance.blob), signal).then(mergeSketches),
    referenceSketch(work, champion ?? last),
    countOverlap(deps, contract, partitions, signal),
  ]);
  const { findings, drift } = checkDataset({ definition, contract, dataset, golden, partitions, fresh, last, current, reference, overlap });
  const reasons = findings.filter(({ effect }) => effect === "stopped").map(({ message }) => message);
  const snapshot = await describeSnapshot(work, dataset, golden, partitions, frame);
  const report: ValidationReport = {
    version: 1, pipeline: input.pipeline, snapshot: reasons.length > 0 ? null : snapshot.id, reference: (champion ?? last)?.id ?? null, findings: [...findings], drift: [...drift],
    rows: { in: snapshot.rows.in, accepted: snapshot.rows.accepted, quarantined: snapshot.rows.quarantined },
  };
  const stored = await putJsonBlob(deps.store, report, signal);
  if (reasons.length > 0) return { status: "refused", report: stored, reasons };
  await accept(work, snapshot, frame);
  const { rows } = snapshot;
  return { status: "accepted", snapshot: snapshot.id, report: stored, rows: { in: rows.in, accepted: rows.accepted, quarantined: rows.quarantined, train: rows.train, holdout: rows.holdout } };
}

async function lastSnapshot({ deps, input, signal }: Validation): Promise<Snapshot | null> {
  const found = await lastAccepted(deps.store, input.pipeline, input.run, signal);
  return found === null ? null : readSnapshot(deps.store, input.pipeline, found.snapshot, signal);
}

async function championSnapshot({ deps, input, signal }: Validation): Promise<Snapshot | null> {
  if (input.champion === null) return null;
  const { snapshot } = readJson(manifest, new TextDecoder().decode(await getBlob(deps.store, input.champion.manifest)), `manifest of version ${input.champion.v}`);
  return readSnapshot(deps.store, input.pipeline, snapshot, signal);
}

/** Partitions that the last accepted snapshot does not hold as they are; where it holds all, the holdout. */
function freshPartitions(partitions: readonly Judged[], last: Snapshot | null): readonly Judged[] {
  const known = new Set(last?.partitions.map(({ blob }) => blob.sha256));
  const fresh = partitions.filter(({ acceptance }) => !known.has(acceptance.blob.sha256));
  return fresh.some(({ acceptance }) => acceptance.rows > 0) ? fresh : partitions.filter(({ role }) => role === "holdout");
}

async function referenceSketch({ deps, signal }: Validation, reference: Snapshot | null) {
  if (reference === null) return null;
  const train = reference.partitions.filter(({ role, rows }) => role === "train" && rows > 0).map(({ blob }) => blob);
  return mergedSketch(deps, await readFrame(deps, reference.frame), reference.id, train, signal);
}

async function describeSnapshot({ deps, input, contract, signal }: Validation, dataset: Ingested, golden: readonly Judged[], partitions: readonly Judged[], frame: StoredFrame): Promise<Snapshot> {
  const spans = new Map(dataset.partitions.map((partition) => [partition.name, partition]));
  const sum = (list: readonly Judged[], of: (judged: Judged) => number) => list.reduce((total, judged) => total + of(judged), 0);
  const all = [...golden, ...partitions];
  const unread = [...dataset.timeless, ...(dataset.distrusted ?? []).flatMap(({ rows }) => rows)].reduce((total, { rows }) => total + rows, 0);
  const taken = ({ acceptance: { rows, reserved, withheld } }: Judged) => rows + (reserved?.rows ?? 0) + withheld;
  const inWindow = (role: Judged["role"]) => sum(partitions.filter((partition) => partition.role === role), ({ acceptance }) => acceptance.rows);
  const id = snapshotId(contract, golden, partitions);
  return {
    version: 1, id, pipeline: input.pipeline, windows: dataset.windows, files: dataset.files, frame: frame.ref,
    partitions: partitions.map(({ name, role, acceptance: { blob, rows, reserved, withheld, quarantined } }) => ({
      name, from: spans.get(name)?.from as string, to: spans.get(name)?.to as string, role: role as "train" | "holdout", blob, rows, reserved, withheld, quarantined: quarantined?.rows ?? 0,
    })),
    golden: Object.fromEntries(Object.keys(dataset.golden).map((name, i) => [name, { blob: golden[i]?.acceptance.blob as Snapshot["frame"], rows: golden[i]?.acceptance.rows ?? 0 }])),
    rows: {
      in: sum(all, ({ prepared }) => prepared.rows) + unread, accepted: sum(all, taken), quarantined: sum(all, ({ acceptance }) => acceptance.quarantined?.rows ?? 0) + unread,
      duplicates: sum(all, ({ prepared }) => prepared.duplicates), train: inWindow("train"), holdout: inWindow("holdout"),
    },
    quarantine: await keepQuarantine(deps, contract, dataset, id, all, signal),
    classes: contract.label.task === "regression" ? null : Object.keys(labelCounts(partitions)).sort(),
  };
}

/** The same rows under the same contract are the same snapshot, in whatever files and order they came. */
function snapshotId(contract: Contract, golden: readonly Judged[], partitions: readonly Judged[]): string {
  const hashes = (list: readonly Judged[]) => list.map(({ name, role, acceptance: { blob, reserved } }) => [name, role, blob.sha256, reserved?.blob.sha256 ?? null]);
  return keyOf({ columns: contract.columns, label: contract.label, time: contract.time, key: contract.key, reserve: contract.reserve }, hashes(golden), hashes(partitions));
}

async function accept({ deps, input, signal }: Validation, snapshot: Snapshot, frame: StoredFrame): Promise<void> {
  if ((await getFrameRef(deps.store, input.pipeline, signal)) === null) await freezeFrame(deps.store, input.pipeline, frame.ref, signal);
  await putSnapshot(deps.store, snapshot, signal);
  await recordAccepted(deps.store, input.pipeline, { version: 1, snapshot: snapshot.id, run: input.run, at: deps.now() }, signal);
}
