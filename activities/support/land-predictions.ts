import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CalendarSpan } from "../../schemas/calendar.ts";
import type { LabelTally, LandingRecord } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { PredictionsSource } from "../../schemas/source.ts";
import type { Window } from "../../schemas/time.ts";
import { getLandingRecord, putLandingRecord } from "../../stores/datasets.ts";
import { keyOf } from "../../stores/documents.ts";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { labelledColumns, labelledRowsSql } from "../../tables/labelled-rows-sql.ts";
import { labelTallySql } from "../../tables/label-tally-sql.ts";
import { parquetOptions } from "../../tables/partition-rows.ts";
import { quote } from "../../tables/quote.ts";
import { primarySource } from "../../tables/prepared-columns.ts";
import { columnNamesSql } from "../../tables/served-sql.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { Dependencies } from "../dependencies.ts";
import { type AskedPartition, askedPartitions } from "./asked-partitions.ts";
import type { LandedRecord } from "./check-landed.ts";
import { type Joined, withoutDistrusted } from "./distrust-labels.ts";
import type { Pulse } from "./heartbeat.ts";
import type { LabelFile, Labels } from "./labels.ts";
import type { LandedSource } from "./land-source.ts";
import type { LazySandbox } from "./lazy-sandbox.ts";
import { openLabels } from "./open-labels.ts";
import { uploads } from "./uploads.ts";

export interface LandPredictions {
  readonly deps: Dependencies;
  readonly definition: Definition;
  readonly pipeline: string;
  readonly name: string;
  readonly source: PredictionsSource;
  /** Whole partitions; all of it lies `label.arrives` before `asOf`. */
  readonly over: Window;
  readonly asOf: string;
  readonly sandbox: LazySandbox;
  readonly folder: string;
  readonly pulse: Pulse;
}

/** A partition's rows are made of these; the same give the same. */
interface Plan extends AskedPartition { readonly said: readonly LabelFile[]; readonly id: string }

/**
 * What a model was asked, joined with the labels that came true, as one landed record a partition. A partition is joined once: again only when objects
 * of the log, or labels that were known in time, have come since.
 */
export async function landPredictions(work: LandPredictions): Promise<LandedSource> {
  const { deps, source, name, over, pulse } = work;
  const model = source.model ?? work.definition.name;
  const plans = await planPredictions(work);
  if (name === primarySource(work.definition) && plans.every(({ asked }) => asked.length === 0)) return { landed: [], read: 0, reasons: [`the prediction log of ${model} has nothing from ${over.from} to ${over.to} (source ${name})`] };
  const known = await inParallel(plans, 32, ({ id }) => getLandingRecord(deps.store, work.pipeline, id, pulse.signal));
  const joined = await inParallel(plans, 2, async ({ id, span }, i): Promise<Joined> => ({ id, span, record: known[i] ?? (await joinPartition(work, model, plans[i]!)) }));
  const { records, distrusted } = await withoutDistrusted(work, joined);
  const landed = records.map((record, i): LandedRecord => ({ file: { uri: record.uri, bytes: record.bytes, etag: plans[i]!.id, span: plans[i]!.span, success: true }, record }));
  return { landed, distrusted, reasons: [], read: known.filter((record) => record === null).length };
}

/** What each partition would be made of, and the id under which it is kept once it was. */
async function planPredictions(work: LandPredictions): Promise<Plan[]> {
  const partitions = await askedPartitions(work);
  const labels = await labelsFor(work, partitions.filter(({ asked }) => asked.length > 0).map(({ span }) => span));
  return inParallel(partitions, 8, async (partition): Promise<Plan> => {
    const said = partition.asked.length === 0 ? [] : await labels.of(partition.span);
    return { ...partition, said, id: keyOf(partition.askedId, said.map(({ id }) => id)) };
  });
}

/** Labels of these partitions, of all in which something was asked: nobody waits for labels of another time. */
export async function labelsFor(work: LandPredictions, [first]: readonly CalendarSpan[]): Promise<Labels> {
  if (first === undefined) return { of: async () => [] };
  return openLabels({ ...work, model: work.source.model ?? work.definition.name, over: { from: first.from, to: work.over.to } });
}

async function joinPartition(work: LandPredictions, model: string, { span, asked, said, id, askedId }: Plan): Promise<LandingRecord> {
  const { deps, name, pipeline, pulse, folder } = work;
  const uri = `predictions/${model}/${span.name}`;
  pulse.beat({ step: "read", file: uri });
  const place = join(folder, `${name}-${span.name}`);
  await mkdir(place, { recursive: true });
  try {
    const files = await fetchAll(work, asked, place);
    const labels = await inParallel(said, 4, ({ path }) => path());
    const made = files.length === 0 ? null : await work.sandbox.inLane((lane) => joinRows(lane, work, span, files, labels, join(place, "piece.parquet")));
    const blob = made === null || made.rows === 0 ? null : await (await uploads(deps, pulse.signal).add(made.path)).stored;
    const record: LandingRecord = {
      version: 1, source: name, uri, bytes: blob?.bytes ?? 0, sha256: blob?.sha256 ?? id, rows: made?.rows ?? 0, columns: labelledColumns(work.definition, work.source), timeless: null, outside: 0, farOutside: 0,
      pieces: blob === null ? [] : [{ partition: span.name, blob, rows: made!.rows }], notes: [], ...(made === null ? {} : { answered: made.answered, said: made.tally }),
    };
    for (const one of [id, askedId]) await putLandingRecord(deps.store, pipeline, one, record, pulse.signal);
    return record;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function fetchAll({ deps, pulse }: LandPredictions, objects: readonly ObjectInfo[], place: string): Promise<string[]> {
  const fetched = await inParallel(objects, 16, async ({ key }, i) => {
    const path = join(place, `${i}.parquet`);
    return (await deps.store.download(key, path, { signal: pulse.signal })) === null ? null : path;
  });
  return fetched.filter((path) => path !== null);
}

async function joinRows(lane: Sandbox, { definition, source, name }: LandPredictions, span: CalendarSpan, asked: readonly string[], said: readonly string[], path: string) {
  const title = `source ${name} (partition ${span.name})`;
  const logged = new Set((await lane.run(title, columnNamesSql(asked))).map((row) => String(row["name"])));
  const [counts] = await lane.run(title, labelledRowsSql({ definition, source, asked, logged, said, over: span }));
  const [{ rows } = { rows: 0 }] = (await lane.run(title, [`copy (select * from labelled order by __row) to ${quote(path)} ${parquetOptions}`, "select count(*) as rows from labelled"])) as { rows: number }[];
  const tally = (await lane.run(title, [labelTallySql])) as LabelTally[];
  const { answered, without_consent, without_label, late } = counts as Record<string, number>;
  return { path, rows, tally, answered: { rows: answered!, withoutConsent: without_consent!, withoutLabel: without_label!, late: late! } };
}
