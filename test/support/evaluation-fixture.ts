import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EvaluateInput, VersionRef } from "../../activities/contract.ts";
import { type DefinitionInput, definition } from "../../schemas/definition.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { putBlob, putJsonBlob } from "../../stores/blobs.ts";
import { putSnapshot } from "../../stores/datasets.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

const folder = new URL("../fixtures/models/", import.meta.url);
export const fixture = (name: string): Promise<Uint8Array> => readFile(new URL(name, folder));

/** Three models over the same rows; see `test/fixtures/models/make.py`. */
const tasks = {
  binary: { column: "late", classes: ["0", "1"], metric: { kind: "atLeast", metric: "auc", value: 0.6 } },
  multiclass: { column: "kind", classes: ["a", "b", "c"], metric: { kind: "atLeast", metric: "accuracy", value: 0.6 } },
  regression: { column: "minutes", classes: null, metric: { kind: "atMost", metric: "rmse", value: 20 } },
} as const;

export const windows = { train: { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" }, holdout: { from: "2013-02-01T00:00:00Z", to: "2013-02-08T00:00:00Z" } };
const other = "0".repeat(64);

export interface EvaluationFixture {
  readonly deps: { readonly store: ObjectStore; readonly scratch: string };
  readonly input: EvaluateInput;
  /** A version whose manifest names this model. */
  champion(model: string | Uint8Array, changes?: object): Promise<VersionRef>;
}

/** A store that holds all an evaluation reads: training and holdout rows are the fixture's own. */
export async function evaluationFixture(task: keyof typeof tasks, changes: Partial<DefinitionInput> = {}, files: { readonly model?: Uint8Array; readonly predictions?: Uint8Array; readonly rows?: Uint8Array } = {}): Promise<EvaluationFixture> {
  const store = memoryObjectStore();
  const scratch = await mkdtemp(join(tmpdir(), "relearn-evaluate-"));
  const { column, classes, metric } = tasks[task];
  const stored = definition.parse({
    name: "planes", sources: { planes: { format: "parquet", uri: "/landing", time: "at", key: "id" } },
    columns: { distance: { type: "number", nullable: true }, carrier: { type: "category" }, delay: { type: "number" } },
    label: { column, task }, windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [metric], ...changes,
  });
  const rows = await putBlob(store, files.rows ?? (await fixture("rows.parquet")));
  const partition = (role: "train" | "holdout", name: string, blob: BlobRef) => ({ name, ...windows[role], role, blob, rows: 1000, reserved: null, withheld: 0, quarantined: 0 });
  const snapshot = {
    version: 1, id: other, pipeline: "planes", windows, golden: {}, files: [], quarantine: null, classes: classes === null ? null : [...classes], frame: rows,
    partitions: [partition("train", "2013-01-31", rows), partition("holdout", "2013-02-01", rows)],
    rows: { in: 2000, accepted: 2000, quarantined: 0, duplicates: 0, train: 1000, holdout: 1000 },
  } as unknown as Snapshot;
  await putSnapshot(store, snapshot);
  const model = await putBlob(store, files.model ?? (await fixture(`${task}.onnx`)));
  const predictions = await putBlob(store, files.predictions ?? (await fixture(`${task}.parquet`)));
  const definitionRef = await putJsonBlob(store, stored);
  const input: EvaluateInput = { run: "planes/run/0", pipeline: "planes", definition: definitionRef, windows, asOf: "2013-02-08T00:00:00Z", snapshot: other, model, predictions, sample: rows, champion: null };
  const champion = async (from: string | Uint8Array, more: object = {}): Promise<VersionRef> => {
    const file = await putBlob(store, typeof from === "string" ? await fixture(from) : from);
    const manifest = await putJsonBlob(store, {
      version: 1, model: "planes", v: 1, file, evaluation: file, snapshot: other, definition: definitionRef, code: null, trainer: { command: ["true"], packages: {} }, params: {}, seed: 1, job: "j", run: "planes/run/1",
      windows, inputs: Object.entries(stored.columns).map(([name, one]) => ({ name, column: one })), outputs: { task, classes }, metrics: {}, createdAt: "2013-01-01T00:00:00Z",
      signature: { algorithm: "ed25519", key: "AAAA", value: "AAAA" }, ...more,
    });
    return { v: 1, model: file, manifest };
  };
  return { deps: { store, scratch }, input, champion };
}
