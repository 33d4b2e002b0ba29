import { readJson } from "../../schemas/boundary.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import { manifest as manifestSchema, type Manifest } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { Window } from "../../schemas/time.ts";
import { getBlob } from "../../stores/blobs.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import { keyColumns, namingColumns } from "../../tables/prepared-columns.ts";
import type { EvaluateInput } from "../contract.ts";
import type { Dependencies } from "../dependencies.ts";
import { localBlobs } from "../support/local-blobs.ts";
import { readDefinition } from "../support/read-definition.ts";
import type { LabelOf, ScoredModel } from "./protocol.ts";

export interface PreparedHoldout {
  readonly holdout: string;
  readonly window: Window | null;
  readonly files: readonly string[];
  readonly rows: number;
  /** Why the champion's figures on it count for nothing, beyond its training window; null where they count. */
  readonly unfair: string | null;
}

export interface PreparedChampion {
  readonly v: number;
  readonly sha256: string;
  readonly trainedOnHoldout: boolean;
  /** Null where it cannot be run on this definition's rows; `lost` says why. */
  readonly model: ScoredModel | null;
  readonly lost: string | null;
}

/** All that an evaluation reads, as local files. */
export interface Prepared {
  readonly definition: Definition;
  readonly label: LabelOf;
  readonly key: readonly string[];
  readonly candidate: ScoredModel;
  readonly champion: PreparedChampion | null;
  readonly sample: string;
  readonly predictions: string;
  readonly train: readonly string[];
  readonly holdouts: readonly PreparedHoldout[];
}

type Places = Pick<Dependencies, "store" | "scratch">;

export async function prepareEvaluation(deps: Places, input: EvaluateInput, signal: AbortSignal): Promise<Prepared> {
  const definition = await readDefinition(deps.store, input.definition);
  const snapshot = await readSnapshot(deps.store, input.pipeline, input.snapshot, signal);
  const manifest = input.champion && readJson(manifestSchema, new TextDecoder().decode(await getBlob(deps.store, input.champion.manifest, signal)), `the manifest of version ${input.champion.v}`);
  const [path, sample, predictions] = (await localBlobs(deps, [input.model, input.sample, input.predictions], signal)) as [string, string, string];
  const train = await localBlobs(deps, trainBlobs(snapshot), signal);
  const columns = Object.entries(definition.columns).filter(([, column]) => column.feature).map(([name, column]) => ({ name, column }));
  return {
    definition, sample, predictions, train, key: keyColumns(definition),
    label: { column: definition.label.column, task: definition.label.task, classes: snapshot.classes },
    candidate: { path, sha256: input.model.sha256, columns, classes: snapshot.classes },
    champion: manifest && (await prepareChampion(deps, input, manifest, definition, signal)),
    holdouts: await prepareHoldouts(deps, input, definition, snapshot, manifest, signal),
  };
}

const trainBlobs = ({ partitions }: Snapshot): BlobRef[] => partitions.filter(({ role, rows }) => role === "train" && rows > 0).map(({ blob }) => blob);

async function prepareChampion(deps: Places, input: EvaluateInput, manifest: Manifest, definition: Definition, signal: AbortSignal): Promise<PreparedChampion> {
  const known = { v: manifest.v, sha256: manifest.file.sha256, trainedOnHoldout: overlaps(manifest.windows.train, input.windows.holdout) };
  const unknown = manifest.inputs.filter(({ name }) => definition.columns[name] === undefined).map(({ name }) => name);
  if (manifest.outputs.task !== definition.label.task) return { ...known, model: null, lost: `the champion answers another task, ${manifest.outputs.task}` };
  if (unknown.length > 0) return { ...known, model: null, lost: `the champion needs columns that the definition has no more: ${unknown.join(", ")}` };
  const [path] = await localBlobs(deps, [manifest.file], signal);
  return { ...known, lost: null, model: { path: path!, sha256: manifest.file.sha256, columns: manifest.inputs, classes: manifest.outputs.classes } };
}

/** Whether no row of today's reserve can have been among the champion's training rows: its own reserve was as large, by the same names. */
async function keptReserve(deps: Places, manifest: Manifest, today: Definition): Promise<boolean> {
  const then = await readDefinition(deps.store, manifest.definition).catch(() => null);
  const names = (definition: Definition) => JSON.stringify(namingColumns(definition).map(({ name, column }) => [name, column.type]));
  return then !== null && then.reserve >= today.reserve && names(then) === names(today);
}

const overlaps = (a: Window, b: Window): boolean => Date.parse(a.from) < Date.parse(b.to) && Date.parse(b.from) < Date.parse(a.to);

async function prepareHoldouts(deps: Places, input: EvaluateInput, definition: Definition, snapshot: Snapshot, manifest: Manifest | null, signal: AbortSignal): Promise<PreparedHoldout[]> {
  const earlier = manifest && (await readSnapshot(deps.store, input.pipeline, manifest.snapshot, signal).catch(() => null));
  const recent = snapshot.partitions.filter(({ role, rows }) => role === "holdout" && rows > 0);
  const reserved = snapshot.partitions.flatMap((partition) => partition.reserved ?? []);
  const reserveKept = manifest !== null && reserved.length > 0 && earlier !== null && (await keptReserve(deps, manifest, definition));
  const unfair = (name: string, kept: boolean) => (manifest === null || kept ? null : `champion v${manifest.v} may have been trained on rows of ${name}`);
  const holdouts = [
    { holdout: "recent", window: input.windows.holdout, blobs: recent, unfair: null },
    ...Object.entries(snapshot.golden).map(([name, { blob, rows }]) => ({ holdout: name, window: null, blobs: [{ blob, rows }], unfair: unfair(name, earlier?.golden[name]?.blob.sha256 === blob.sha256) })),
    ...(reserved.length === 0 ? [] : [{ holdout: "reserve", window: null, blobs: reserved, unfair: unfair("reserve", reserveKept) }]),
  ];
  return Promise.all(holdouts.map(async ({ blobs, ...rest }) => ({ ...rest, files: await localBlobs(deps, blobs.map(({ blob }) => blob), signal), rows: blobs.reduce((sum, { rows }) => sum + rows, 0) })));
}

