import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainResult, ValidateResult, VersionRef } from "../../activities/contract.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createEvaluate } from "../../activities/evaluate.ts";
import { createIngest } from "../../activities/ingest.ts";
import { createTrain } from "../../activities/train.ts";
import { createValidate } from "../../activities/validate.ts";
import { loadModel } from "../../inference/session.ts";
import { closeWindows } from "../../policy/windows.ts";
import { type Definition, definition, type DefinitionInput } from "../../schemas/definition.ts";
import { type Evaluation, evaluation } from "../../schemas/evaluation.ts";
import { atLeast, noWorseThanChampion, slicesNoWorse } from "../../schemas/gate.ts";
import { parquet, predictions } from "../../schemas/source.ts";
import { type Finding, validationReport } from "../../schemas/validation.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { feedbackKey, predictionKey } from "../../stores/prediction-keys.ts";
import { parquetOf } from "../support/parquet-of.ts";
import { directLauncher } from "./direct-launcher.ts";
import { type Labelled, labelled, type Shape, slice, type Trip, tripsOf } from "./served-trips.ts";

export interface Cell { readonly share: number; readonly shape: Shape }

/** What became of a run whose labels were turned round. */
export interface Ended {
  readonly ended: "blocked" | "quarantined" | "harmless" | "harmful";
  /** The gates or findings that stopped it, or the senders that were left out. */
  readonly by: readonly string[];
  /** Accuracy on 20,000 right labels that no gate looks at: candidate minus champion; null where nothing was trained. */
  readonly difference: number | null;
}

const [days, dayMs] = [12, 86_400_000];
const perDay = 2_000;
const start = { clean: Date.parse("2013-01-01T00:00:00Z"), served: Date.parse("2013-01-13T00:00:00Z") };
const asOf = { clean: "2013-01-14T03:00:00Z", served: "2013-01-26T03:00:00Z" };
/** How much worse on the golden set a candidate may be and still take over: what its gates allow, and what "harmful" means. */
export const margin = 0.01;

/** As the rows of a model's predictions are named. */
const key = ["prediction_id", "row"];
const instantOf = (from: number, { day }: Trip, i: number): string => new Date(from + day * dayMs + 6 * 3_600_000 + (i % perDay)).toISOString();
const featuresOf = ({ zone, rain, load, wind }: Trip) => ({ zone, rain, load, wind });

function definitionOf(folder: string, sources: DefinitionInput["sources"]): Definition {
  const golden = (name: string) => ({ format: "parquet" as const, uri: join(folder, `${name}.parquet`), time: "at", key });
  return definition.parse({
    name: "trips", sources,
    columns: { zone: { type: "category" }, rain: { type: "number" }, load: { type: "number" }, wind: { type: "number" } },
    label: { column: "late", task: "binary", arrives: "P1D" },
    windows: { train: "P10D", holdout: "P2D" },
    golden: { truth: golden("truth"), audit: golden("audit") },
    trainer: { command: ["python", "-m", "relearn_trainers.lightgbm"], params: { iterations: 80, early_stopping: 0, validation_share: 0 } },
    slices: { north: `zone = '${slice}'`, "not north": `zone <> '${slice}'` },
    gates: [atLeast("accuracy", 0.6), noWorseThanChampion("accuracy", { holdout: "truth", margin: 0 }), slicesNoWorse("accuracy", 0.03, { holdout: "truth" })],
    approval: {},
  });
}

/** A champion of right labels, what it was then asked, and its golden sets; each cell goes on from here by itself. */
export interface PoisonedWorld {
  run(cell: Cell, seed: number): Promise<Ended>;
  close(): Promise<void>;
}

/**
 * @param seed of the trips: another seed is another world
 * @param turned whether the world changed once the champion was trained, for the golden sets too
 */
export async function openPoisonedWorld(seed: number, turned = false): Promise<PoisonedWorld> {
  const folder = await mkdtemp(join(tmpdir(), "poisoned-"));
  const bucket = createMemoryBucket();
  const deps = dependencies(bucket, folder);
  const trips = {
    clean: tripsOf(seed * 4, "c", { days, perDay }), served: tripsOf(seed * 4 + 1, "s", { days, perDay, turned }),
    truth: tripsOf(seed * 4 + 2, "t", { days: 1, perDay: 5_000, turned }), audit: tripsOf(seed * 4 + 3, "a", { days: 1, perDay: 20_000, turned }),
  };
  const landed = { at: "timestamptz", prediction_id: "varchar", row: "integer", zone: "varchar", rain: "float", load: "float", wind: "float", late: "varchar" };
  const rowOf = (trip: Trip, i: number) => ({ at: instantOf(start.clean, trip, i), prediction_id: trip.id, row: 0, ...featuresOf(trip), late: trip.late ? "1" : "0" });
  for (const name of ["clean", "truth", "audit"] as const) await writeFile(join(folder, `${name}.parquet`), await parquetOf(folder, landed, trips[name].map(rowOf)));
  const clean = await runOnce(deps, definitionOf(folder, { clean: parquet(join(folder, "clean.parquet"), { time: "at", key }) }), asOf.clean, null);
  if (clean.evaluation?.passed !== true) throw new Error(`the champion's own run did not pass: ${JSON.stringify(clean.stopped ?? clean.evaluation?.gates)}`);
  const champion = await championOf(deps, clean);
  await putServed(deps, folder, trips.served, await scoresOf(deps, champion, trips.served));
  return {
    run: async (cell, poison) => {
      const own = createMemoryBucket();
      for (const [key, object] of bucket.objects) own.objects.set(key, object);
      const place = await mkdtemp(join(folder, "cell-"));
      const mine = dependencies(own, place);
      await putLabels(mine, place, labelled(trips.served, cell, poison));
      const run = await runOnce(mine, definitionOf(folder, { served: predictions() }), asOf.served, champion);
      await rm(place, { recursive: true, force: true });
      return endOf(run);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function dependencies(bucket: ReturnType<typeof createMemoryBucket>, scratch: string): Dependencies {
  const store = bucket.connect();
  return { store, scratch, openBucket: () => store, launchers: { local: directLauncher(store, scratch) }, now: () => "2013-02-01T00:00:00Z" } as unknown as Dependencies;
}

interface Run { readonly definition: BlobRef; readonly windows: ReturnType<typeof closeWindows>; readonly validated: ValidateResult | null; readonly findings: readonly Finding[]; readonly stopped: readonly string[] | null; readonly trained: TrainResult | null; readonly evaluation: Evaluation | null }

/** Ingest, validate, train and evaluate, as the workflow calls them. */
async function runOnce(deps: Dependencies, pipeline: Definition, at: string, champion: VersionRef | null): Promise<Run> {
  const windows = closeWindows(pipeline, at, new Date(start.clean).toISOString());
  const step = { run: "trips/run/0123456789ab", pipeline: pipeline.name, definition: await putJsonBlob(deps.store, pipeline), windows, asOf: at };
  const none = { definition: step.definition, windows, validated: null, findings: [], stopped: null, trained: null, evaluation: null };
  const ingested = await createIngest(deps)(step);
  if (ingested.status === "held") return { ...none, stopped: ingested.reasons };
  const validated = await createValidate(deps)({ ...step, dataset: ingested.dataset, champion });
  const { findings } = validationReport.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, validated.report))));
  if (validated.status === "refused") return { ...none, validated, findings, stopped: validated.reasons };
  const trained = await createTrain(deps)({ ...step, snapshot: validated.snapshot, job: `job-${at.slice(0, 10)}` });
  const evaluated = await createEvaluate(deps)({ ...step, snapshot: validated.snapshot, model: trained.model, predictions: trained.predictions, sample: trained.sample, champion });
  return { ...none, validated, findings, trained, evaluation: evaluation.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, evaluated.evaluation)))) };
}

async function championOf({ store }: Dependencies, { definition: stored, windows, validated, trained }: Run): Promise<VersionRef> {
  const { columns } = definition.parse(JSON.parse(new TextDecoder().decode(await getBlob(store, stored))));
  const manifest = await putJsonBlob(store, {
    version: 1, model: "trips", v: 1, file: trained!.model, evaluation: trained!.model, snapshot: (validated as { snapshot: string }).snapshot, definition: stored, code: null, trainer: { command: ["python"], packages: {} }, params: {}, seed: 1, job: trained!.job, run: "trips/run/1",
    windows, inputs: Object.entries(columns).map(([name, column]) => ({ name, column })), outputs: { task: "binary", classes: ["0", "1"] }, metrics: {}, createdAt: "2013-01-13T00:00:00Z",
    signature: { algorithm: "ed25519", key: "AAAA", value: "AAAA" },
  });
  return { v: 1, model: trained!.model, manifest };
}

/** What the champion answers, by the same file and runtime as a server. */
async function scoresOf({ store }: Dependencies, champion: VersionRef, trips: readonly Trip[]): Promise<Float32Array | Float64Array> {
  const { columns } = definitionOf("", { served: predictions() });
  const model = await loadModel(await getBlob(store, champion.model), { task: "binary", classes: 2, columns: Object.entries(columns).map(([name, column]) => ({ name, column })) }, 1);
  const numbers = (of: (trip: Trip) => number) => Float32Array.from(trips, of);
  return model.run(new Map<string, Float32Array | readonly string[]>([["zone", trips.map(({ zone }) => zone)], ["rain", numbers(({ rain }) => rain)], ["load", numbers(({ load }) => load)], ["wind", numbers(({ wind }) => wind)]]), trips.length);
}

const logColumns = {
  prediction_id: "varchar", row: "integer", at: "timestamptz", v: "integer", digest: "varchar", variant: "varchar", latency_ms: "float", error: "varchar", consent: "boolean", extras: "varchar",
  label: "varchar", score: "double[]", value: "double", in_zone: "varchar", in_rain: "float", in_load: "float", in_wind: "float",
};

async function putServed({ store }: Dependencies, folder: string, trips: readonly Trip[], scores: ArrayLike<number>): Promise<void> {
  const rows = trips.map((trip, i) => ({
    prediction_id: trip.id, row: 0, at: instantOf(start.served, trip, i), v: 1, digest: "a".repeat(64), variant: "champion", latency_ms: 1, label: scores[2 * i + 1]! > 0.5 ? "1" : "0", score: [scores[2 * i], scores[2 * i + 1]],
    in_zone: trip.zone, in_rain: trip.rain, in_load: trip.load, in_wind: trip.wind,
  }));
  for (let day = 0; day < days; day++) await store.put(predictionKey("trips", start.served + day * dayMs + 6 * 3_600_000, "served"), await parquetOf(folder, logColumns, rows.slice(day * perDay, (day + 1) * perDay), ", kv_metadata {relearn_format: '1'}"));
}

async function putLabels({ store }: Dependencies, folder: string, labels: readonly Labelled[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const columns = { prediction_id: "varchar", row: "integer", label: "varchar", value: "double", at: "timestamptz", received_at: "timestamptz", source: "varchar" };
  for (let day = 0; day < days; day++) {
    const received = start.served + day * dayMs + 12 * 3_600_000;
    const rows = labels.filter(({ trip }) => trip.day === day).map(({ trip, label, source }) => ({ prediction_id: trip.id, row: 0, label, received_at: new Date(received).toISOString(), source }));
    await store.put(feedbackKey("trips", received, "labels"), await parquetOf(folder, columns, rows, ", kv_metadata {relearn_format: '1'}"));
  }
}

function endOf({ stopped, findings, evaluation: found }: Run): Ended {
  if (stopped !== null || found === null) return { ended: "blocked", by: findings.filter(({ effect }) => effect === "stopped").map(({ check }) => check), difference: null };
  const audit = found.holdouts.find(({ holdout }) => holdout === "audit")!;
  const difference = audit.difference!["accuracy"]!.value!;
  if (!found.passed) return { ended: "blocked", by: found.gates.filter(({ answer }) => answer === "no" || answer === "not-evaluated").map(({ gate }) => gate), difference };
  const left = findings.filter(({ check }) => check === "label source").map(({ subject }) => subject);
  if (-difference > margin) return { ended: "harmful", by: [], difference };
  return left.length > 0 ? { ended: "quarantined", by: left, difference } : { ended: "harmless", by: [], difference };
}
