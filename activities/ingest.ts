import { setMaxListeners } from "node:events";
import { shortHistory } from "../policy/windows.ts";
import type { Ingested } from "../schemas/dataset.ts";
import { partitionUnit } from "../schemas/definition.ts";
import type { Definition } from "../schemas/definition.ts";
import { failureTypeOf } from "../schemas/failures.ts";
import type { RunWindows, Window } from "../schemas/time.ts";
import { putJsonBlob } from "../stores/blobs.ts";
import { inParallel } from "../stores/parallel.ts";
import { usedSources } from "../tables/prepare.ts";
import { primarySource } from "../tables/prepared-columns.ts";
import type { Activities, IngestResult } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { answeredNotes, checkColumns, checkSpan, withoutCopies } from "./support/check-landed.ts";
import type { LandedRecord } from "./support/check-landed.ts";
import { prepareGoldenSets } from "./support/golden-sets.ts";
import { withHeartbeat } from "./support/heartbeat.ts";
import type { Pulse } from "./support/heartbeat.ts";
import { landPredictions } from "./support/land-predictions.ts";
import { landSource } from "./support/land-source.ts";
import { planPartitions, preparePartitions, visibleFrom } from "./support/prepare-partitions.ts";
import { readDefinition } from "./support/read-definition.ts";
import { inWorkFolder } from "./support/work-folder.ts";
import type { WorkPlace } from "./support/work-folder.ts";

/** Brings every partition of a run's windows into the store: reads only files it has not seen, prepares only what could have changed. */
export function createIngest(deps: Dependencies): Activities["ingest"] {
  return (step) => withHeartbeat(async (pulse) => {
    setMaxListeners(0, pulse.signal);
    const definition = await readDefinition(deps.store, step.definition);
    try {
      return await inWorkFolder(deps.scratch, { timezone: definition.timezone, signal: pulse.signal }, (place) => ingest({ deps, definition, ...place, pulse, pipeline: step.pipeline, windows: step.windows, asOf: step.asOf }));
    } catch (error) {
      if (failureTypeOf(error) === "DataHeld") return { status: "held", reasons: [(error as Error).message] };
      throw error;
    }
  });
}

interface Ingest extends WorkPlace {
  readonly deps: Dependencies;
  readonly definition: Definition;
  readonly pulse: Pulse;
  readonly pipeline: string;
  readonly windows: RunWindows;
  readonly asOf: string;
}

async function ingest(work: Ingest): Promise<IngestResult> {
  const { definition, windows, pipeline, pulse } = work;
  const short = shortHistory(definition, windows);
  if (short !== null) return { status: "held", reasons: [short] };
  const whole: Window = { from: windows.train.from, to: windows.holdout.to };
  const landed = await landSources(work, whole);
  if (landed.reasons.length > 0) return { status: "held", reasons: landed.reasons };
  const { records, notes } = judge(definition, landed.bySource);
  const planned = planPartitions(definition, whole, records);
  const prepared = await preparePartitions({ ...work, signal: pulse.signal, beat: (done) => pulse.beat({ step: "prepare", done, of: planned.length }) }, planned, records);
  const golden = await prepareGoldenSets(work);
  if (golden.reasons.length > 0) return { status: "held", reasons: golden.reasons };
  const files = [...records.values()].flat();
  const dataset: Ingested = {
    version: 1, pipeline, windows,
    files: [...files, ...golden.files].map(({ source, uri, bytes, sha256, rows }) => ({ source, uri, bytes, sha256, rows })),
    partitions: [...prepared.partitions],
    timeless: (records.get(primarySource(definition)) ?? []).flatMap(({ uri, timeless }) => (timeless === null ? [] : [{ uri, ...timeless }])),
    ...(landed.distrusted.length === 0 ? {} : { distrusted: landed.distrusted }),
    golden: golden.sets,
    notes: [...new Set([...notes, ...prepared.notes, ...golden.notes])],
  };
  const blob = await putJsonBlob(work.deps.store, dataset, pulse.signal);
  return { status: "ready", dataset: blob, rows: dataset.partitions.reduce((sum, { rows }) => sum + rows, 0), partitions: dataset.partitions.length, filesRead: landed.read + golden.read, notes: dataset.notes };
}

/** Source beside source: while one is split, another is fetched or stored. */
async function landSources(work: Ingest, whole: Window) {
  const { deps, definition, pipeline, asOf, sandbox, folder, pulse } = work;
  const names = usedSources(definition);
  const landed = await inParallel(names, names.length, (name) => {
    const source = definition.sources[name]!;
    if (source.format === "predictions") return landPredictions({ deps, definition, pipeline, name, source, over: { from: visibleFrom(definition, name, whole), to: whole.to }, asOf, sandbox, folder, pulse });
    const reading = { pipeline, name, source, zone: definition.timezone, unit: partitionUnit(definition) };
    return landSource({ deps, reading, need: { name, source, asOf, window: whole, from: visibleFrom(definition, name, whole) }, sandbox, folder, pulse });
  });
  return {
    bySource: new Map(names.map((name, i) => [name, landed[i]!.landed])),
    distrusted: landed.flatMap(({ distrusted = [] }) => distrusted),
    reasons: landed.flatMap(({ reasons }) => reasons),
    read: landed.reduce((sum, { read }) => sum + read, 0),
  };
}

function judge(definition: Definition, bySource: ReadonlyMap<string, readonly LandedRecord[]>) {
  const notes: string[] = [];
  const records = new Map([...bySource].map(([name, landed]) => {
    notes.push(...landed.flatMap(checkSpan));
    const { kept, notes: copies } = withoutCopies(landed);
    const own = kept.map(({ record }) => record);
    notes.push(...copies, ...answeredNotes(name, own, definition.label.arrives), ...own.flatMap((record) => record.notes), ...checkColumns(definition, name, own));
    return [name, own] as const;
  }));
  return { records, notes };
}
