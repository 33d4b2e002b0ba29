import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { count, counted } from "../../policy/counted.ts";
import { addDuration, floorTo } from "../../schemas/calendar.ts";
import type { LandingRecord } from "../../schemas/dataset.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { type LabelFiles, landedSource, type LandedSource } from "../../schemas/source.ts";
import { labelRowsSql } from "../../tables/label-rows-sql.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { parquetOptions } from "../../tables/partition-rows.ts";
import { quote } from "../../tables/quote.ts";
import { checkSpan } from "./check-landed.ts";
import { labelsByDay, type LabelsOfDay } from "./label-days.ts";
import type { Labels, LabelsRequest } from "./labels.ts";
import { landSource } from "./land-source.ts";
import { placeBlob } from "./local-blobs.ts";

/**
 * Labels that land in files. Each file is read once, like any landing file, and split by the day on which its labels became known, so a partition is made of
 * the days that matter to it and of no others.
 */
export async function fileLabels(request: LabelsRequest, labels: LabelFiles): Promise<Labels> {
  const records = await landLabels(request, labels);
  const once = new Map(records.flatMap((record) => daysOf(request, labels, record)).map((one) => [`${one.day} ${one.id}`, one]));
  const all = [...once.keys()].sort().map((key) => once.get(key)!);
  return labelsByDay(request.definition, all);
}

/** @throws RelearnError `DataHeld` where a file that must hold some of the labels is not there yet, or not whole; `DataRefused` where one cannot be right. */
async function landLabels(request: LabelsRequest, labels: LabelFiles): Promise<LandingRecord[]> {
  const { deps, definition: { label, timezone: zone }, pipeline, name, over, asOf, sandbox, folder, pulse } = request;
  const source = sourceOf(labels);
  const from = floorTo("day", over.from, zone);
  const window = { from, to: addDuration(over.to, label.arrives, zone) };
  const { landed, reasons } = await landSource({ deps, reading: { pipeline, name, source, zone, unit: "day" }, need: { name, source, asOf, window, from: addDuration(from, "P1D", zone, -1) }, sandbox, folder, pulse });
  if (reasons.length > 0) throw new RelearnError("DataHeld", reasons.join("; "));
  landed.forEach(checkSpan);
  return landed.map(({ record }) => withTimes(record, labels.time));
}

const sourceOf = ({ format, uri, delimiter, time }: LabelFiles): LandedSource => landedSource.parse({ format, uri, time, ...(format === "csv" ? { delimiter } : {}) });

/** A label that says not when it became known may have come too late. */
function withTimes(record: LandingRecord, time: string): LandingRecord {
  if (record.timeless === null) return record;
  throw new RelearnError("DataRefused", `${record.uri} has ${count(record.timeless.rows)} of ${counted(record.rows, "label")} without a ${time} that can be read, which says when they became known: correct the file`);
}

function daysOf(request: LabelsRequest, labels: LabelFiles, { pieces, columns, uri }: LandingRecord): LabelsOfDay[] {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  return pieces.map(({ partition: day, blob }) => {
    const file = join(request.folder, "labels", `${blob.sha256}.parquet`);
    const select = labelRowsSql(parquetFiles([`${file}.landed`]), labels, types, uri);
    let made: Promise<string> | null = null;
    return { day, id: blob.sha256, path: () => (made ??= make()) };

    async function make(): Promise<string> {
      await mkdir(dirname(file), { recursive: true });
      await placeBlob(request.deps, blob, `${file}.landed`, request.pulse.signal);
      await request.sandbox.inLane((lane) => lane.run(uri, `copy (${select}) to ${quote(file)} ${parquetOptions}`));
      return file;
    }
  });
}
