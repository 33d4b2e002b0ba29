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
import { loadInput, pastFrom, pastSources, prepareContract, preparePartition, prepareTables, presentSources, usedSources } from "../../tables/prepare.ts";
import type { InputPiece, PreparedFile } from "../../tables/prepare.ts";
import { primarySource } from "../../tables/prepared-columns.ts";
import { expectSandbox, type Sandbox } from "../../tables/sql-child.ts";
import type { Dependencies } from "../dependencies.ts";
import { type LazySandbox, prepareLanes } from "./lazy-sandbox.ts";
import { placeBlob } from "./local-blobs.ts";
import { uploads } from "./uploads.ts";

/** One piece, and the file it came from. */
interface SeenPiece { readonly record: LandingRecord; readonly partition: string; readonly blob: BlobRef; readonly rows: number }

/** A partition, what it can see, and the id under which its result is kept. */
interface PlannedPartition {
  readonly span: CalendarSpan;
  readonly primary: readonly SeenPiece[];
  /** Of the other sources whose rows of the partition itself are seen. */
  readonly beside: Readonly<Record<string, readonly SeenPiece[]>>;
  readonly past: Readonly<Record<string, readonly SeenPiece[]>>;
  readonly id: string;
}

export type RecordsBySource = ReadonlyMap<string, readonly LandingRecord[]>;

/** Start of what the partitions of a window can see of a source. */
export function visibleFrom(definition: Definition, source: string, window: Window): string {
  if (!pastSources(definition).includes(source)) return window.from;
  return floorTo(partitionUnit(definition), pastFrom(definition.sources[source]!, { name: "", ...window }, definition.timezone), definition.timezone);
}

/** Every partition of a window with the pieces it can see. Pure. */
export function planPartitions(definition: Definition, window: Window, records: RecordsBySource): PlannedPartition[] {
  const unit = partitionUnit(definition);
  const contract = prepareContract(definition);
  const primary = primarySource(definition);
  const names = pastSources(definition);
  const others = presentSources(definition).filter((name) => name !== primary);
  const pieces = new Map(usedSources(definition).map((name) => [name, piecesByPartition(records.get(name) ?? [])]));
  const visible = new Map(names.map((name) => [name, spansOf(unit, { from: visibleFrom(definition, name, window), to: window.to }, definition.timezone)]));
  return spansOf(unit, window, definition.timezone).map((span) => {
    const own = pieces.get(primary)!.get(span.name) ?? [];
    const past = Object.fromEntries(names.map((name) => [name, seenBy(span, pastFrom(definition.sources[name]!, span, definition.timezone), visible.get(name)!, pieces.get(name)!)]));
    const beside = Object.fromEntries(others.map((name) => [name, pieces.get(name)!.get(span.name) ?? []]));
    const inputs = { primary: own.map(({ blob, record }) => [blob.sha256, record.uri]), ...(others.length === 0 ? {} : { beside: Object.fromEntries(others.map((name) => [name, beside[name]!.map(({ blob }) => blob.sha256)])) }), past: Object.fromEntries(Object.entries(past).map(([name, seen]) => [name, seen.map(({ blob }) => blob.sha256)])) };
    return { span, primary: own, beside, past, id: sha256Hex(canonicalBytes({ contract, span, inputs })) };
  });
}

function piecesByPartition(records: readonly LandingRecord[]): Map<string, SeenPiece[]> {
  const found = new Map<string, SeenPiece[]>();
  for (const record of records) for (const piece of record.pieces) found.set(piece.partition, [...(found.get(piece.partition) ?? []), { record, ...piece }]);
  for (const seen of found.values()) seen.sort((a, b) => (a.blob.sha256 + a.record.uri < b.blob.sha256 + b.record.uri ? -1 : 1));
  return found;
}

function seenBy(span: CalendarSpan, from: string, visible: readonly CalendarSpan[], pieces: ReadonlyMap<string, readonly SeenPiece[]>): SeenPiece[] {
  return visible.filter((one) => one.to > from && one.from < span.to).flatMap(({ name }) => pieces.get(name) ?? []);
}

export interface PreparedPartitions { readonly partitions: readonly PreparedPartition[]; readonly notes: readonly string[]; readonly made: number }

export interface PrepareWork {
  readonly deps: Dependencies;
  readonly definition: Definition;
  readonly sandbox: LazySandbox;
  /** The sandbox's folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly beat: (done: number) => void;
}

/** Loaded into the sandbox at once, at most. */
const chunkRows = 2_000_000;

/** Makes every planned partition, reading from the store those that were made before from the same input. */
export async function preparePartitions(work: PrepareWork, planned: readonly PlannedPartition[], records: RecordsBySource): Promise<PreparedPartitions> {
  const { deps, definition, signal } = work;
  const known = await inParallel(planned, 32, ({ id }) => getPreparedRecord(deps.store, definition.name, id, signal));
  const missing = planned.filter((_, i) => known[i] === null);
  const made = missing.length === 0 ? new Map<string, PreparedRecord>() : await makePartitions(work, missing, records);
  // New partitions are validated next, in a sandbox of their own.
  if (missing.length > 0) void expectSandbox().catch(() => undefined);
  const results = planned.map(({ id }, i) => known[i] ?? made.get(id)!);
  return { partitions: results.map(({ partition }) => partition), notes: results.flatMap(({ notes }) => notes), made: missing.length };
}

async function makePartitions(work: PrepareWork, missing: readonly PlannedPartition[], records: RecordsBySource): Promise<Map<string, PreparedRecord>> {
  const { deps, definition, signal } = work;
  const sandbox = await work.sandbox.open();
  if (definition.prepare !== undefined) await sandbox.checkSelect("prepare", definition.prepare, prepareTables(definition));
  const made = new Map<string, Promise<PreparedRecord>>();
  const upload = uploads(deps, signal);
  try {
    for (const chunk of chunksOf(missing)) await makeChunk(work, sandbox, chunk, records, async ({ id, span }, { path, rows, duplicates, notes }) => {
      const { stored } = await upload.add(path);
      const kept = stored.then((blob) => keep(work, id, { version: 1, partition: { ...span, blob, rows, duplicates }, notes: [...notes] }));
      // A failure is met at the end; one that nobody waits for yet would end the worker.
      kept.catch(() => undefined);
      made.set(id, kept);
      work.beat(made.size);
    });
    return new Map(await Promise.all([...made].map(async ([id, record]) => [id, await record] as const)));
  } finally {
    await upload.drained();
    await Promise.allSettled(made.values());
  }
}

async function keep({ deps, definition, signal }: PrepareWork, id: string, record: PreparedRecord): Promise<PreparedRecord> {
  await putPreparedRecord(deps.store, definition.name, id, record, signal);
  return record;
}

function chunksOf(planned: readonly PlannedPartition[]): PlannedPartition[][] {
  const chunks: PlannedPartition[][] = [];
  let rows = 0;
  for (const plan of planned) {
    const own = [plan.primary, ...Object.values(plan.beside)].flat().reduce((sum, piece) => sum + piece.rows, 0);
    const last = chunks.at(-1);
    if (last === undefined || rows + own > chunkRows) chunks.push([plan]);
    else last.push(plan);
    rows = (last === chunks.at(-1) ? rows : 0) + own;
  }
  return chunks;
}

/** Loads what a chunk of partitions can see, then makes them side by side on the sandbox's lanes. */
async function makeChunk(work: PrepareWork, sandbox: Sandbox, chunk: readonly PlannedPartition[], records: RecordsBySource, done: (plan: PlannedPartition, file: PreparedFile) => Promise<void>): Promise<void> {
  const { definition, folder } = work;
  const pieces = await placePieces(work, visiblePieces(definition, chunk, records));
  const loaded = await loadInput(sandbox, definition, pieces);
  const out = join(folder, "prepared");
  await mkdir(out, { recursive: true });
  await inParallel(chunk, prepareLanes, async (plan) => done(plan, await work.sandbox.inLane((lane) => preparePartition(lane, loaded, plan.span, pieces, out))));
}

/** By source, each piece once; a source that nothing of is visible gives one piece for its columns. */
function visiblePieces(definition: Definition, chunk: readonly PlannedPartition[], records: RecordsBySource): Map<string, readonly SeenPiece[]> {
  const primary = primarySource(definition);
  return new Map([...records].map(([name, all]) => {
    const seen = chunk.flatMap((plan) => [...(name === primary ? plan.primary : []), ...(plan.beside[name] ?? []), ...(plan.past[name] ?? [])]);
    const once = new Map(seen.map((piece) => [pieceName(piece), piece]));
    return [name, once.size > 0 ? [...once.values()] : firstPiece(all)] as const;
  }));
}

const pieceName = ({ blob, record }: SeenPiece) => `${blob.sha256}-${sha256Hex(new TextEncoder().encode(record.uri)).slice(0, 8)}.parquet`;

async function placePieces({ deps, folder, signal }: PrepareWork, seen: ReadonlyMap<string, readonly SeenPiece[]>): Promise<Record<string, InputPiece[]>> {
  const place = join(folder, "pieces");
  await mkdir(place, { recursive: true });
  const placed = [...seen].map(async ([name, pieces]) => [name, await inParallel(pieces, 16, async (piece) => {
    const path = join(place, pieceName(piece));
    await placeBlob(deps, piece.blob, path, signal);
    return { path, uri: piece.record.uri, partition: piece.partition, columns: piece.record.columns };
  })] as const);
  return Object.fromEntries(await Promise.all(placed));
}

function firstPiece(records: readonly LandingRecord[]): SeenPiece[] {
  const record = records.find(({ pieces }) => pieces.length > 0);
  return record === undefined ? [] : [{ record, ...record.pieces[0]! }];
}
