import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CalendarUnit } from "../../schemas/calendar.ts";
import type { LandingRecord } from "../../schemas/dataset.ts";
import type { LandedSource } from "../../schemas/source.ts";
import { hashFile } from "../../stores/blobs.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import type { Landing, LandingFile } from "../../stores/landing.ts";
import { getLandingRecord, putLandingRecord } from "../../stores/datasets.ts";
import { partitionRows } from "../../tables/partition-rows.ts";
import { readLanding } from "../../tables/read-landing.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { Dependencies } from "../dependencies.ts";
import type { LazySandbox } from "./lazy-sandbox.ts";
import { uploads } from "./uploads.ts";

/** How the files of one source are read; part of a record's key, because another way gives other pieces. */
export interface Reading {
  readonly pipeline: string;
  readonly name: string;
  readonly source: LandedSource;
  readonly zone: string;
  readonly unit: CalendarUnit;
}

/** Changes when pieces change for another reason than their file. */
const readingFormat = 1;

function recordId({ source, zone, unit }: Reading, state: object): string {
  const reading = { format: source.format, delimiter: source.format === "csv" ? source.delimiter : undefined, time: source.time, zone, unit, version: readingFormat };
  return sha256Hex(canonicalBytes({ ...state, reading }));
}

const stateId = (reading: Reading, { uri, bytes, etag }: LandingFile) => recordId(reading, { uri, bytes, etag });
const contentId = (reading: Reading, uri: string, sha256: string) => recordId(reading, { uri, sha256 });

/** What is known of a file with this URI, size and ETag; null when it was never read. */
export function knownRecord(deps: Dependencies, reading: Reading, file: LandingFile, signal?: AbortSignal): Promise<LandingRecord | null> {
  return getLandingRecord(deps.store, reading.pipeline, stateId(reading, file), signal);
}

export type Landed = { readonly status: "landed"; readonly record: LandingRecord; readonly read: boolean } | { readonly status: "half-written"; readonly reason: string };

/**
 * Reads a new file: fetches it, splits it into pieces, stores them, and last the record, so that a crash leaves nothing that counts.
 * A file with a new ETag whose bytes were seen before is not parsed again.
 * @throws RelearnError `DataRefused` naming file, row or column.
 */
export async function landFile(deps: Dependencies, sandbox: LazySandbox, reading: Reading, landing: Landing, file: LandingFile, folder: string, signal?: AbortSignal): Promise<Landed> {
  const work = join(folder, sha256Hex(new TextEncoder().encode(file.uri)).slice(0, 16));
  await mkdir(join(work, "pieces"), { recursive: true });
  sandbox.warm();
  try {
    const path = join(work, "landing");
    await landing.fetch(file, path, signal);
    const { sha256 } = await hashFile(path, signal);
    const seen = await getLandingRecord(deps.store, reading.pipeline, contentId(reading, file.uri, sha256), signal);
    if (seen !== null) return await keepRecord(deps, reading, file, seen, false, signal);
    const split = await sandbox.inLane((lane) => splitFile(lane, reading, file, work, signal));
    if ("status" in split) return split;
    const stored = await storePieces(deps, split, signal);
    const { rows, columns, notes } = split.read;
    const record: LandingRecord = { version: 1, source: reading.name, uri: file.uri, bytes: file.bytes, sha256, rows, columns: [...columns], ...stored, outside: split.outside, farOutside: split.farOutside, notes: [...notes] };
    return await keepRecord(deps, reading, file, record, true, signal);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function splitFile(lane: Sandbox, { source, unit, zone }: Reading, { uri, span }: LandingFile, work: string, signal?: AbortSignal) {
  const read = await readLanding(lane, { name: uri, path: join(work, "landing"), gzip: uri.endsWith(".gz") }, source, signal);
  if (read.status === "half-written") return read;
  return { read, ...(await partitionRows(lane, source, { folder: join(work, "pieces"), unit, zone, span, name: uri })) };
}

async function keepRecord(deps: Dependencies, reading: Reading, file: LandingFile, record: LandingRecord, read: boolean, signal?: AbortSignal): Promise<Landed> {
  const ids = [contentId(reading, file.uri, record.sha256), stateId(reading, file)];
  await Promise.all(ids.map((id) => putLandingRecord(deps.store, reading.pipeline, id, record, signal)));
  return { status: "landed", record, read };
}

async function storePieces(deps: Dependencies, split: Awaited<ReturnType<typeof partitionRows>>, signal?: AbortSignal): Promise<Pick<LandingRecord, "pieces" | "timeless">> {
  const upload = uploads(deps, signal);
  try {
    const under = [];
    for (const { partition, path, rows } of split.pieces) under.push({ partition, rows, ...(await upload.add(path)) });
    const timeless = split.timeless === null ? null : { rows: split.timeless.rows, blob: await (await upload.add(split.timeless.path)).stored };
    return { timeless, pieces: await Promise.all(under.map(async ({ partition, rows, stored }) => ({ partition, rows, blob: await stored }))) };
  } finally {
    await upload.drained();
  }
}
