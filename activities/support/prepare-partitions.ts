import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { floorTo, spansOf } from "../../schemas/calendar.ts";
import type { CalendarSpan } from "../../schemas/calendar.ts";
import type { LandingRecord, PreparedPartition, PreparedRecord } from "../../schemas/dataset.ts";
import { partitionUnit } from "../../schemas/definition.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { Window } from "../../schemas/time.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import { getPreparedRecord, putPreparedRecord } from "../../stores/datasets.ts";
import { inParallel } from "../../stores/parallel.ts";
import { pastFrom, prepareContract, preparePartition, prepareTables } from "../../tables/prepare.ts";
import type { InputPiece } from "../../tables/prepare.ts";
import { primarySource } from "../../tables/prepared-columns.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { Dependencies } from "../dependencies.ts";
import { placeBlob } from "./blob-cache.ts";
import { uploads } from "./uploads.ts";

/** One piece, and the file it came from. */
interface SeenPiece { readonly record: LandingRecord; readonly blob: BlobRef }

/** A partition, what it can see, and the id under which its result is kept. */
interface PlannedPartition {
  readonly span: CalendarSpan;
  readonly primary: readonly SeenPiece[];
  readonly past: Readonly<Record<string, readonly SeenPiece[]>>;
  readonly id: string;
}

export type RecordsBySource = ReadonlyMap<string, readonly LandingRecord[]>;

/** Start of what the partitions of a window can see of a source. */
export function visibleFrom(definition: Definition, source: string, window: Window): string {
  if (definition.prepare === undefined) return window.from;
  return floorTo(partitionUnit(definition), pastFrom(definition.sources[source]!, { name: "", ...window }, definition.timezone), definition.timezone);
}

/** Every partition of a window with the pieces it can see. Pure. */
export function planPartitions(definition: Definition, window: Window, records: RecordsBySource): PlannedPartition[] {
  const unit = partitionUnit(definition);
  const contract = prepareContract(definition);
  const primary = primarySource(definition);
  const names = Object.keys(definition.sources);
  const pieces = new Map(names.map((name) => [name, piecesByPartition(records.get(name) ?? [])]));
  const visible = new Map(names.map((name) => [name, spansOf(unit, { from: visibleFrom(definition, name, window), to: window.to }, definition.timezone)]));
  return spansOf(unit, window, definition.timezone).map((span) => {
    const own = pieces.get(primary)!.get(span.name) ?? [];
    const past = definition.prepare === undefined ? {} : Object.fromEntries(names.map((name) => [name, seenBy(span, pastFrom(definition.sources[name]!, span, definition.timezone), visible.get(name)!, pieces.get(name)!)]));
    const inputs = { primary: own.map(({ blob, record }) => [blob.sha256, record.uri]), past: Object.fromEntries(Object.entries(past).map(([name, seen]) => [name, seen.map(({ blob }) => blob.sha256)])) };
    return { span, primary: own, past, id: sha256Hex(canonicalBytes({ contract, span, inputs })) };
  });
}

function piecesByPartition(records: readonly LandingRecord[]): Map<string, SeenPiece[]> {
  const found = new Map<string, SeenPiece[]>();
  for (const record of records) for (const { partition, blob } of record.pieces) found.set(partition, [...(found.get(partition) ?? []), { record, blob }]);
  for (const seen of found.values()) seen.sort((a, b) => (a.blob.sha256 + a.record.uri < b.blob.sha256 + b.record.uri ? -1 : 1));
  return found;
}

function seenBy(span: CalendarSpan, from: string, visible: readonly CalendarSpan[], pieces: ReadonlyMap<string, readonly SeenPiece[]>): SeenPiece[] {
  return visible.filter((one) => one.to > from && one.from < span.to).flatMap(({ name }) => pieces.get(name) ?? []);
}

export interface PreparedPartitions { readonly partitions: readonly PreparedPartition[]; readonly notes: readonly string[]; readonly made: number }

/** Makes every planned partition, reading from the store those that were made before from the same input. */
export async function preparePartitions(deps: Dependencies, sandbox: () => Promise<Sandbox>, definition: Definition, planned: readonly PlannedPartition[], records: RecordsBySource, folder: string, signal: AbortSignal, beat: (done: number) => void): Promise<PreparedPartitions> {
  const known = await inParallel(planned, 32, ({ id }) => getPreparedRecord(deps.store, definition.name, id, signal));
  const upload = uploads(deps, signal);
  const missing = planned.filter((_, i) => known[i] === null);
  const fresh = new Map<string, Promise<PreparedRecord>>();
  try {
    if (missing.length > 0) await makePartitions();
    const results = await Promise.all(planned.map(async ({ id }, i) => known[i] ?? (await fresh.get(id)!)));
    return { partitions: results.map(({ partition }) => partition), notes: results.flatMap(({ notes }) => notes), made: missing.length };
  } finally {
    await upload.drained();
  }

  async function makePartitions(): Promise<void> {
    const open = await sandbox();
    if (definition.prepare !== undefined) await open.checkSelect("prepare", definition.prepare, prepareTables(definition));
    const local = await placePieces(deps, missing, records, folder, signal);
    const out = join(folder, "prepared");
    await mkdir(out, { recursive: true });
    for (const [i, plan] of missing.entries()) {
      const input = { span: plan.span, primary: plan.primary.map(local), past: Object.fromEntries(Object.entries(plan.past).map(([name, seen]) => [name, seen.map(local)])), sample: samples(records, local) };
      const { path, rows, duplicates, notes } = await preparePartition(open, definition, input, out);
      const { stored } = await upload.add(path);
      fresh.set(plan.id, stored.then((blob) => keep(plan.id, { version: 1, partition: { ...plan.span, blob, rows, duplicates }, notes: [...notes] })));
      beat(i + 1);
    }
  }

  async function keep(id: string, record: PreparedRecord): Promise<PreparedRecord> {
    await putPreparedRecord(deps.store, definition.name, id, record, signal);
    return record;
  }
}

/** Puts every piece that the partitions can see into the sandbox's folder. */
async function placePieces(deps: Dependencies, planned: readonly PlannedPartition[], records: RecordsBySource, folder: string, signal: AbortSignal): Promise<(seen: SeenPiece) => InputPiece> {
  const pieces = join(folder, "pieces");
  await mkdir(pieces, { recursive: true });
  const path = (blob: BlobRef) => join(pieces, `${blob.sha256}.parquet`);
  const samplesOf = [...records.values()].flatMap((all) => firstPiece(all));
  const wanted = new Map([...planned.flatMap(({ primary, past }) => [...primary, ...Object.values(past).flat()]), ...samplesOf].map(({ blob }) => [blob.sha256, blob]));
  await inParallel([...wanted.values()], 32, (blob) => placeBlob(deps, blob, path(blob), signal));
  return ({ blob, record }) => ({ path: path(blob), uri: record.uri, columns: record.columns });
}

function firstPiece(records: readonly LandingRecord[]): SeenPiece[] {
  const record = records.find(({ pieces }) => pieces.length > 0);
  return record === undefined ? [] : [{ record, blob: record.pieces[0]!.blob }];
}

function samples(records: RecordsBySource, local: (seen: SeenPiece) => InputPiece): Record<string, InputPiece> {
  return Object.fromEntries([...records].flatMap(([name, all]) => firstPiece(all).map((seen) => [name, local(seen)] as const)));
}
