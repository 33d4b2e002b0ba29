import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Answers, BaseWindow, ServerLoad } from "../../schemas/base-window.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { getBaseWindow, putBaseWindow, watchedVersions } from "../../stores/base-windows.ts";
import { keyOf } from "../../stores/documents.ts";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { predictionFiles } from "../../stores/prediction-keys.ts";
import { openRegistry } from "../../stores/registry.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { lazySandbox } from "../support/lazy-sandbox.ts";
import { authoredMetrics } from "./authored-metrics.ts";
import { countSkew, coveringPartitions, rowKey } from "./count-skew.ts";
import { countVersion, openServed, type Served, servedVersions, type ServedWindow } from "./count-window.ts";
import { fetchObjects, readableObjects } from "./log-objects.ts";
import type { MonitorPorts } from "./monitor-ports.ts";
import { mergeOutputs } from "./output-metrics.ts";
import { type WatchedVersion, watchedVersion } from "./watched-version.ts";
import { answersOf, keepAnswers } from "./window-answers.ts";

export interface BaseRequest {
  readonly model: string;
  readonly definition: Definition;
  readonly window: Window;
  readonly load: ServerLoad | null;
  readonly signal: AbortSignal;
}

export interface BaseWindows {
  readonly bases: readonly { readonly base: BaseWindow; readonly version: WatchedVersion }[];
  /** Whether rows were read; false: nothing new had come. */
  readonly fresh: boolean;
  /** Rows that stand for nothing here, and why. */
  readonly problems: readonly string[];
}

/** Counts what each version was asked and answered in one base window, and keeps it. What was counted from the same objects before is not counted again. */
export async function baseWindows(deps: MonitorPorts, request: BaseRequest): Promise<BaseWindows> {
  const { model, window, signal } = request;
  const listed = await predictionFiles(deps.store, model, window, signal);
  const objects = { count: listed.length, sha256: keyOf(listed.map(({ key }) => key).sort()) };
  const known = await knownBases(deps, request);
  if (known.length > 0 && known.every(({ base }) => base.objects.sha256 === objects.sha256)) return { bases: known, fresh: false, problems: [] };
  const counted = await countObjects(deps, request, listed, objects);
  const load = request.load ?? known[0]?.base.load ?? null;
  const bases = counted.bases.map(({ base, version }) => ({ base: { ...base, load }, version }));
  await inParallel(bases, 4, ({ base }) => putBaseWindow(deps.store, base, signal));
  return { bases, fresh: true, problems: counted.problems };
}

async function knownBases(deps: MonitorPorts, { model, window, signal }: BaseRequest): Promise<BaseWindows["bases"]> {
  const versions = await watchedVersions(deps.store, model, signal);
  const found = (await inParallel(versions, 8, (v) => getBaseWindow(deps.store, model, v, window.from, signal))).filter((base) => base !== null);
  return withVersions(deps, model, found.filter((base) => base.window.to === window.to), signal);
}

async function withVersions(deps: MonitorPorts, model: string, bases: readonly BaseWindow[], signal: AbortSignal): Promise<BaseWindows["bases"]> {
  const all = await inParallel(bases, 4, async (base) => ({ base, version: await watchedVersion(deps, model, base.v, base.digest, signal) }));
  return all.flatMap(({ base, version }) => (version === null ? [] : [{ base, version }]));
}

async function countObjects(deps: MonitorPorts, request: BaseRequest, listed: readonly ObjectInfo[], objects: BaseWindow["objects"]): Promise<Omit<BaseWindows, "fresh">> {
  const counted = await inScan(deps, request, listed, async (scan) => {
    const all = await countAll(deps, request, objects, scan);
    return { bases: all.bases, problems: [...scan.problems, ...all.problems] };
  });
  return counted.bases.length > 0 || counted.problems.length > 0 ? counted : { bases: await silentChampion(deps, request, objects), problems: [] };
}

interface Scan {
  readonly served: ServedWindow;
  readonly sandbox: Parameters<typeof authoredMetrics>[0]["sandbox"];
  readonly folder: string;
  readonly problems: readonly string[];
}

/** Works on a window's rows: local files in a folder of their own, which is gone afterwards. */
async function inScan<T>(deps: MonitorPorts, { definition, window, signal }: Pick<BaseRequest, "definition" | "window" | "signal">, listed: readonly ObjectInfo[], work: (scan: Scan) => Promise<T>): Promise<T> {
  const folder = join(deps.scratch, "monitor", randomUUID());
  await mkdir(folder, { recursive: true });
  const sandbox = lazySandbox({ scratch: folder, timezone: definition.timezone, lanes: 1, signal });
  try {
    const fetched = await fetchObjects(deps, listed, folder, signal);
    return await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: definition.timezone, signal }, async (connection) => {
      const { files, problems } = await readableObjects(connection, fetched);
      return work({ served: await openServed(connection, files, window, listed.reduce((sum, { bytes }) => sum + bytes, 0)), sandbox: sandbox.open, folder, problems });
    });
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Holds the served rows of a counted window against what a snapshot has prepared of them, where it covers the window and is not what they were held against before.
 * Reads the window's rows once more: once for each time that its data changes.
 */
export async function heldAgainst(deps: MonitorPorts, request: Omit<BaseRequest, "load">, snapshot: Pick<Snapshot, "partitions">): Promise<void> {
  const partitions = coveringPartitions(snapshot, request.window);
  if (partitions === null || partitions.blobs.length === 0) return;
  const due = (await knownBases(deps, { ...request, load: null })).filter(({ base, version }) => base.rows > 0 && base.skew?.of !== partitions.of && rowKey(version).length > 0);
  if (due.length === 0) return;
  const listed = await predictionFiles(deps.store, request.model, request.window, request.signal);
  await inScan(deps, request, listed, async ({ served }) => {
    for (const { base, version } of due) {
      const skew = await countSkew(deps, served, version, partitions, request.signal);
      if (skew !== undefined) await putBaseWindow(deps.store, { ...base, skew }, request.signal);
    }
  });
}

/**
 * A span's windows with the answers that belong to the definition's slices. Reads the rows once more of those that were counted before answers were kept, or before
 * the slices were changed; where the log has them no more, what is known stands.
 */
export async function withAnswers(deps: MonitorPorts, request: Pick<BaseRequest, "model" | "definition" | "signal">, version: WatchedVersion, bases: readonly BaseWindow[]): Promise<BaseWindow[]> {
  return inParallel(bases, 1, async (base) => {
    if (base.rows === 0 || base.answers?.of === answersOf(request.definition)) return base;
    const scanned = { ...request, window: base.window };
    const answers = await inScan(deps, scanned, await predictionFiles(deps.store, request.model, base.window, request.signal), (scan) => answersIn(deps, scanned, scan, version));
    if (answers === undefined) return base;
    const kept = { ...base, answers };
    await putBaseWindow(deps.store, kept, request.signal);
    return kept;
  });
}

const answersIn = async (deps: MonitorPorts, { definition, window, signal }: Pick<BaseRequest, "definition" | "window" | "signal">, { served, sandbox, folder }: Scan, version: WatchedVersion): Promise<Answers | undefined> =>
  served.files.length === 0 ? undefined : keepAnswers(deps, { sandbox: await sandbox(), folder, files: served.files, window, definition, version, signal });

async function countAll(deps: MonitorPorts, request: BaseRequest, objects: BaseWindow["objects"], scan: Scan): Promise<Omit<BaseWindows, "fresh">> {
  const bases: BaseWindows["bases"][number][] = [];
  const problems: string[] = [];
  const { served, sandbox } = scan;
  for (const one of await servedVersions(served)) {
    const version = await watchedVersion(deps, request.model, one.v, one.digest, request.signal);
    if (version === null) {
      problems.push(`version ${one.v} with model ${one.digest.slice(0, 12)} is said to have answered (rows: ${one.rows}), and the log of ${request.model} knows no such version`);
      continue;
    }
    const counted = await countVersion(served, version, request.definition.label.column);
    const authored = await authoredMetrics({ sandbox, files: served.files, window: request.window, monitors: request.definition.monitors }, version);
    const answers = await answersIn(deps, request, scan, version);
    bases.push({ version, base: { ...about(request, version, objects), ...one, ...counted, authored, ...(answers === undefined ? {} : { answers }) } });
  }
  return { bases, problems };
}

function about({ model, window }: BaseRequest, { v, digest, frame }: WatchedVersion, objects: BaseWindow["objects"]): Omit<BaseWindow, keyof Served | "features" | "outOfRange" | "output" | "authored" | "withheld" | "skew" | "answers"> & Pick<Served, "v" | "digest"> {
  return { version: 1, model, v, digest, window, objects, frame: frame.ref.sha256, load: null };
}

/** Where nobody was asked anything, that is said of who was to answer. */
async function silentChampion(deps: MonitorPorts, request: BaseRequest, objects: BaseWindow["objects"]): Promise<BaseWindows["bases"]> {
  const champion = await openRegistry(deps.store, request.model).champion(request.signal);
  const version = champion === null ? null : await watchedVersion(deps, request.model, champion.v, champion.model.sha256, request.signal);
  if (version === null) return [];
  const authored = await authoredMetrics({ sandbox: () => Promise.reject(new Error("there are no rows")), files: [], window: request.window, monitors: request.definition.monitors }, version);
  const withheld = version.manifest.inputs.filter(({ column }) => column.private === true).map(({ name }) => name);
  const silence = { rows: 0, requests: 0, errors: 0, latency: null, newest: null, ids: null, features: mergeSketches([]), outOfRange: {}, output: mergeOutputs([]), authored, withheld };
  return [{ version, base: { ...about(request, version, objects), ...silence } }];
}
