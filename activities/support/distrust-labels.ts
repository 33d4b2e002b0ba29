import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { distrustedSources } from "../../policy/distrusted-sources.ts";
import type { CalendarSpan } from "../../schemas/calendar.ts";
import type { Ingested, LandingRecord } from "../../schemas/dataset.ts";
import { sourceDisagreement } from "../../stats/source-disagreement.ts";
import { getLandingRecord, putLandingRecord } from "../../stores/datasets.ts";
import { keyOf } from "../../stores/documents.ts";
import { inParallel } from "../../stores/parallel.ts";
import { rowsSaidBy } from "../../tables/label-tally-sql.ts";
import { parquetOptions } from "../../tables/partition-rows.ts";
import { quote } from "../../tables/quote.ts";
import type { LandPredictions } from "./land-predictions.ts";
import { placeBlob } from "./local-blobs.ts";
import { uploads } from "./uploads.ts";

/** A partition whose predictions were joined with their labels, and the id under which that is kept. */
export interface Joined { readonly id: string; readonly span: CalendarSpan; readonly record: LandingRecord }

/**
 * Looks over all partitions at who sent their labels, and takes the rows of senders that are not trusted out of each. They are judged over the whole window: a day has
 * too few labels to tell.
 */
export async function withoutDistrusted(work: LandPredictions, joined: readonly Joined[]): Promise<{ readonly records: readonly LandingRecord[]; readonly distrusted: NonNullable<Ingested["distrusted"]> }> {
  const tallies = joined.flatMap(({ record }) => record.said ?? []);
  const labels = tallies.reduce((sum, one) => sum + one.labels, 0);
  const by = distrustedSources(sourceDisagreement(tallies), labels);
  if (by.length === 0) return { records: joined.map(({ record }) => record), distrusted: [] };
  const sources = by.map(({ source }) => source).sort();
  const records = await inParallel(joined, 2, (one) => withoutSources(work, one, sources));
  return { records, distrusted: [{ source: work.name, labels, by: [...by], rows: records.flatMap(({ distrusted }) => distrusted ?? []) }] };
}

async function withoutSources(work: LandPredictions, { id, span, record }: Joined, sources: readonly string[]): Promise<LandingRecord> {
  const { deps, pipeline, pulse } = work;
  const own = sources.filter((source) => record.said?.some((one) => one.source === source));
  if (own.length === 0 || record.pieces.length === 0) return record;
  const key = keyOf("without", id, own);
  const known = await getLandingRecord(deps.store, pipeline, key, pulse.signal);
  if (known !== null) return known;
  const [kept, left] = await splitPiece(work, record.pieces[0]!.blob, span.name, own);
  const made: LandingRecord = {
    ...record, sha256: kept?.blob.sha256 ?? key, bytes: kept?.blob.bytes ?? 0, rows: kept?.rows ?? 0,
    pieces: kept === null ? [] : [{ partition: span.name, ...kept }], ...(left === null ? {} : { distrusted: { partition: span.name, uri: record.uri, ...left } }),
  };
  await putLandingRecord(deps.store, pipeline, key, made, pulse.signal);
  return made;
}

type Part = Pick<LandingRecord["pieces"][number], "blob" | "rows"> | null;

/** The rows that stay, and those whose label one of the sources said. */
async function splitPiece({ deps, name, folder, sandbox, pulse }: LandPredictions, piece: LandingRecord["pieces"][number]["blob"], partition: string, sources: readonly string[]): Promise<readonly [Part, Part]> {
  const place = join(folder, `${name}-${partition}-without`);
  await mkdir(place, { recursive: true });
  const [whole, upload] = [join(place, "whole.parquet"), uploads(deps, pulse.signal)];
  await placeBlob(deps, piece, whole, pulse.signal);
  const part = async (said: boolean): Promise<Part> => {
    const path = join(place, said ? "said.parquet" : "kept.parquet");
    const [counted] = await sandbox.inLane((lane) => lane.run(`labels of ${partition}`, [`copy (${rowsSaidBy(whole, sources, said)}) to ${quote(path)} ${parquetOptions}`, `select count(*)::integer as rows from ${quote(path)}`]));
    const rows = Number(counted?.["rows"]);
    return rows === 0 ? null : { blob: await (await upload.add(path)).stored, rows };
  };
  return [await part(false), await part(true)];
}
