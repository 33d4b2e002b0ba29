import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BaseWindow } from "../../schemas/base-window.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";
import { addDuration } from "../../schemas/calendar.ts";
import { baseWindowAt, type WindowClock } from "../../policy/monitor-windows.ts";
import { newestAccepted } from "../../stores/accepted-snapshots.ts";
import { listBaseWindows, watchedVersions } from "../../stores/base-windows.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { feedbackListed, predictionsListed } from "../../stores/prediction-times.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import type { Activities, LateInput } from "../contract.ts";
import { type Pulse, withHeartbeat } from "../support/heartbeat.ts";
import { readDefinition } from "../support/read-definition.ts";
import type { MonitorPorts } from "./monitor-ports.ts";
import { coveringPartitions } from "./count-skew.ts";
import { clockOf } from "./report-window.ts";

const [hourMs, dayMs] = [3_600_000, 86_400_000];

/** Objects may show in a listing some time after the time that they bear. */
const overlapMs = 120_000;

/** Of the objects in that overlap so many are known again; the others are told of once more, without harm. */
const mostTold = 500;

/**
 * Finds what has come to closed windows since the last look, by listing: prediction objects of the last span, and labels whose prediction ids lie between the
 * first and the last of a window. So what is late by more than a span changes no report.
 */
export function createLateWindows(deps: MonitorPorts): Activities["lateWindows"] {
  return (input) => withHeartbeat(async ({ signal }) => {
    const definition = await readDefinition(deps.store, input.definition);
    const look: Look = { deps, input, definition, clock: clockOf(definition), since: Date.parse(input.seen) - overlapMs, signal };
    const [predictions, labels, data] = await Promise.all([latePredictions(look), lateLabels(look), lateData(look)]);
    const seen = [input.seen, predictions.newest, labels.newest].reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a));
    return { windows: ordered(predictions.windows), labelled: ordered([...labels.windows, ...data.windows]), seen, told: toldBy(labels.listed, seen), snapshot: data.snapshot };
  });
}

interface Look {
  readonly deps: MonitorPorts;
  readonly input: LateInput;
  readonly definition: Definition;
  readonly clock: WindowClock;
  readonly since: number;
  readonly signal: Pulse["signal"];
}
interface Late { readonly windows: readonly Window[]; readonly newest: string }
interface LateLabels extends Late { readonly listed: readonly ObjectInfo[] }

/** What the next look finds again in its overlap. */
const toldBy = (listed: readonly ObjectInfo[], seen: string): string[] => listed.filter(({ modifiedAt }) => Date.parse(modifiedAt) >= Date.parse(seen) - overlapMs).map(({ key }) => nameOf(key)).slice(-mostTold);

/** An object's own name is by chance, and no other has it. */
const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1, -".parquet".length);

const ordered = (windows: readonly Window[]): Window[] => [...new Map(windows.map((one) => [one.from, one])).values()].sort((a, b) => Date.parse(a.from) - Date.parse(b.from));

async function latePredictions({ deps, input, definition, clock, since, signal }: Look): Promise<Late> {
  const end = Date.parse(input.cursor);
  const from = Date.parse(addDuration(input.cursor, definition.monitors.over, definition.timezone, -1));
  let newest = input.seen;
  const windows: Window[] = [];
  for await (const { hour, modifiedAt } of predictionsListed(deps.store, input.pipeline, from, end, signal)) {
    if (Date.parse(modifiedAt) > Date.parse(newest)) newest = modifiedAt;
    if (Date.parse(modifiedAt) < since) continue;
    for (const at of [hour, hour + hourMs - 1]) {
      const window = baseWindowAt(clock, new Date(at).toISOString());
      if (Date.parse(window.to) <= end && windows.at(-1)?.from !== window.from) windows.push(window);
    }
  }
  return { windows, newest };
}

async function lateLabels(look: Look): Promise<LateLabels> {
  const { deps, input, since, signal } = look;
  const listed = await feedbackListed(deps.store, input.pipeline, since - dayMs, signal);
  const newest = listed.reduce((latest, { modifiedAt }) => (Date.parse(modifiedAt) > Date.parse(latest) ? modifiedAt : latest), input.seen);
  const told = new Set(input.told);
  const fresh = listed.filter(({ key, modifiedAt }) => Date.parse(modifiedAt) >= since && !told.has(nameOf(key)));
  if (fresh.length === 0) return { windows: [], newest, listed };
  const ids = await predictionIdsIn(deps, fresh, signal);
  return { windows: (await lastBases(look)).filter((base) => base.ids !== null && holdsOneOf(ids, base.ids)).map(({ window }) => window), newest, listed };
}

/** Two spans and the label delay back: what changes before that is no news. */
async function lastBases({ deps, input, definition: { monitors, label, timezone }, signal }: Look): Promise<BaseWindow[]> {
  const from = addDuration(addDuration(addDuration(input.cursor, monitors.over, timezone, -1), label.arrives, timezone, -1), monitors.over, timezone, -1);
  const versions = await watchedVersions(deps.store, input.pipeline, signal);
  return (await inParallel(versions, 4, (v) => listBaseWindows(deps.store, input.pipeline, v, { from, to: input.cursor }, signal))).flat();
}

/** Windows whose rows a newer snapshot has prepared, and was not held against yet. */
async function lateData(look: Look): Promise<{ readonly windows: readonly Window[]; readonly snapshot: string | null }> {
  const { deps: { store }, input: { pipeline, snapshot: before = null }, signal } = look;
  const newest = (await newestAccepted(store, pipeline, signal))?.snapshot ?? null;
  if (newest === null || newest === before) return { windows: [], snapshot: newest };
  const snapshot = await readSnapshot(store, pipeline, newest, signal);
  const isDue = ({ window, skew, rows }: BaseWindow): boolean => {
    const covering = rows === 0 ? null : coveringPartitions(snapshot, window);
    return covering !== null && covering.blobs.length > 0 && covering.of !== skew?.of;
  };
  return { windows: (await lastBases(look)).filter(isDue).map(({ window }) => window), snapshot: newest };
}

/** In text order, which is the order in which they were issued. */
async function predictionIdsIn(deps: MonitorPorts, objects: readonly ObjectInfo[], signal: AbortSignal): Promise<readonly string[]> {
  const folder = join(deps.scratch, "monitor", randomUUID());
  await mkdir(folder, { recursive: true });
  try {
    const files = (await inParallel(objects, 16, async ({ key }, i) => {
      const path = join(folder, `${i}.parquet`);
      return (await deps.store.download(key, path, { signal })) === null ? null : path;
    })).filter((path) => path !== null);
    if (files.length === 0) return [];
    return await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: "UTC", signal }, async (connection) => (await connection.runAndReadAll(`select distinct prediction_id from ${parquetFiles(files, ", hive_partitioning = false")} order by 1`)).getRows().map(([one]) => String(one)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a sorted list holds one between the first and the last, both included. */
function holdsOneOf(sorted: readonly string[], { first, last }: { readonly first: string; readonly last: string }): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < first) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low];
  return found !== undefined && found <= last;
}
