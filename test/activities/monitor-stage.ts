import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCloseWindows } from "../../activities/monitor/close-windows.ts";
import { createLateWindows } from "../../activities/monitor/late-windows.ts";
import { createObserveWindows } from "../../activities/monitor/observe-windows.ts";
import type { WindowQuality } from "../../activities/monitor/report-window.ts";
import type { Column } from "../../schemas/column.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import { type DefinitionInput, definition } from "../../schemas/definition.ts";
import type { Frame } from "../../schemas/sketch.ts";
import { putBlob, putJsonBlob } from "../../stores/blobs.ts";
import { recordAccepted } from "../../stores/accepted-snapshots.ts";
import { putSnapshot } from "../../stores/datasets.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { feedbackKey, predictionKey } from "../../stores/prediction-keys.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import { sampleEvaluation } from "../cli/samples.ts";
import { publishVersion } from "../serving/publish-version.ts";

export const model = "rides";
const columns: Readonly<Record<string, Column>> = {
  distance: { type: "number", nullable: true, wide: false, feature: true, min: 0 },
  carrier: { type: "category", nullable: true, feature: true },
  hour: { type: "integer", feature: true },
  income: { type: "number", nullable: true, wide: false, feature: true, private: true },
};

/** Rows of `n` rides, as SQL: distances of one decimal around 10, two carriers, the hour. */
const rides = (n: number, distance = "10 + ((hash(i) % 200) / 10.0) - 10", carrier = "case when hash(i + 7) % 3 = 0 then 'AA' else 'UA' end"): string =>
  `select i, (${distance})::double as distance, ${carrier} as carrier, (i % 24)::bigint as hour from range(${n}) t(i)`;

export interface MonitorStage {
  readonly store: ObjectStore;
  readonly definition: { readonly sha256: string; readonly bytes: number };
  readonly closeWindows: ReturnType<typeof createCloseWindows>;
  readonly observeWindows: ReturnType<typeof createObserveWindows>;
  readonly lateWindows: ReturnType<typeof createLateWindows>;
  readonly digest: string;
  /** Logs `rows` predictions at a time. `ids`: what their ids begin with. */
  ask(at: string, rows: number, more?: { readonly distance?: string; readonly carrier?: string; readonly score?: string; readonly name?: string; readonly ids?: string; readonly error?: string; readonly keyed?: boolean }): Promise<void>;
  /** Accepts a snapshot that holds the data of a day: the rides as they were prepared. */
  accept(day: string, rows: number, distance?: string): Promise<void>;
  /** Labels for the predictions of these ids. */
  feedback(received: string, ids: readonly string[], label?: string): Promise<void>;
}

/** A model with one version that was trained on 5,000 rides, in a store (in memory, unless one is given), and nothing asked of it yet. */
export async function monitorStage(monitors: DefinitionInput["monitors"] = {}, { store = memoryObjectStore(), now = () => "2026-01-02T03:04:05.000Z", name = model, quality }: { readonly store?: ObjectStore; readonly quality?: WindowQuality; readonly now?: () => string; readonly name?: string } = {}): Promise<MonitorStage> {
  const folder = await mkdtemp(join(tmpdir(), "relearn-monitor-"));
  const parquet = (sql: string, metadata = "") => withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    const path = join(folder, "made.parquet");
    await connection.run(`copy (${sql}) to ${quote(path)} (format parquet${metadata})`);
    return readFile(path);
  });
  const written = definition.parse({
    name, sources: { rides: { format: "parquet", uri: "/landing", time: "at", key: "i" } }, columns, label: { column: "late", task: "binary" }, windows: { holdout: "P7D" }, trainer: { command: ["true"] },
    gates: [{ kind: "atMost", metric: "log_loss", value: 20 }], monitors,
  });
  const definitionRef = await putJsonBlob(store, written);
  const frame: Frame = { version: 1, pipeline: name, timezone: "UTC", columns: { distance: { kind: "number", center: 10, scale: 5, discrete: true }, carrier: { kind: "category" }, hour: { kind: "number", center: 12, scale: 6, discrete: true }, income: { kind: "number", center: 0, scale: 1, discrete: false } } };
  const trained = await putBlob(store, await parquet(`select *, 0.5::double as income from (${rides(5_000)})`));
  const window = { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" };
  const snapshot: Snapshot = {
    version: 1, id: "ab".repeat(32), pipeline: name, windows: { train: window, holdout: window }, golden: {}, files: [], quarantine: null, classes: ["0", "1"], frame: await putJsonBlob(store, frame),
    partitions: [{ name: "2013-01-31", ...window, role: "train", blob: trained, rows: 5_000, reserved: null, withheld: 0, quarantined: 0 }], rows: { in: 5_000, accepted: 5_000, quarantined: 0, duplicates: 0, train: 5_000, holdout: 0 },
  };
  await putSnapshot(store, snapshot);
  const { privateKey } = generateKeyPairSync("ed25519");
  const bytes = new TextEncoder().encode("a model");
  const file = await putBlob(store, bytes);
  const holdout = sampleEvaluation.holdouts[0]!;
  const evaluation = await putJsonBlob(store, { ...sampleEvaluation, holdouts: [{ ...holdout, holdout: "recent", calibration: [{ from: 0.2, to: 0.3, rows: 500, predicted: 0.25, observed: 0.25 }, { from: 0.7, to: 0.8, rows: 500, predicted: 0.75, observed: 0.75 }] }] });
  await publishVersion(store, name, bytes, privateKey, "one", { definition: definitionRef, evaluation, snapshot: snapshot.id, inputs: Object.entries(columns).map(([name, column]) => ({ name, column })), outputs: { task: "binary", classes: ["0", "1"] }, key: ["i"] });
  const deps = { store, scratch: join(folder, "scratch"), now };
  return {
    store, definition: definitionRef, digest: file.sha256, closeWindows: createCloseWindows(deps), observeWindows: createObserveWindows(deps, quality), lateWindows: createLateWindows(deps),
    ask: async (at, rows, { distance, carrier, score = "case when i % 2 = 0 then 0.25 else 0.75 end", name: object = "one", ids = at, error, keyed = false } = {}) => {
      const sql = `select ${quote(ids)} || '-' || i as prediction_id, 0 as "row", ${quote(at)}::timestamptz + to_microseconds(i * 1000) as "at", 1::integer as v, ${quote(file.sha256)} as digest, 'champion' as variant, (1 + i % 10)::float as latency_ms, ${error === undefined ? "null::varchar" : quote(error)} as error,
        null::boolean as consent, ${keyed ? "json_object('i', i)::varchar" : "null::varchar"} as extras, case when s >= 0.5 then '1' else '0' end as label, [1 - s, s]::double[] as score, null::double as value, distance::float as in_distance, carrier as in_carrier, hour as in_hour from (select *, (${score})::double as s from (${rides(rows, distance, carrier)}))`;
      await store.put(predictionKey(name, Date.parse(at), object), await parquet(sql, ", kv_metadata {relearn_format: '1'}"));
    },
    accept: async (day, n, distance) => {
      const blob = await putBlob(store, await parquet(`select * from (${rides(n, distance)})`));
      const to = new Date(Date.parse(day) + 86_400_000).toISOString();
      const id = blob.sha256;
      await putSnapshot(store, { ...snapshot, id, partitions: [{ ...snapshot.partitions[0]!, name: day.slice(0, 10), from: day, to, role: "holdout", blob, rows: n }] });
      await recordAccepted(store, name, { version: 1, snapshot: id, run: `${name}/run/${id.slice(0, 12)}`, at: day });
    },
    feedback: async (received, ids, label = "1") => {
      const sql = `select unnest([${ids.map(quote).join(", ")}]) as prediction_id, 0 as "row", ${quote(label)} as label, null::double as value, null::timestamptz as "at", ${quote(received)}::timestamptz as received_at`;
      await store.put(feedbackKey(name, Date.parse(received), `labels-${received}`), await parquet(sql, ", kv_metadata {relearn_format: '1'}"));
    },
  };
}
