import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CalendarSpan } from "../../schemas/calendar.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { PostgresAddress } from "../../schemas/postgres-settings.ts";
import type { LabelTable } from "../../schemas/source.ts";
import { labelDigests, labelSelect, writeLabels, writtenLabelsSql } from "../../tables/label-table.ts";
import { parquetOptions } from "../../tables/partition-rows.ts";
import { inPostgres } from "../../tables/postgres.ts";
import { quote } from "../../tables/quote.ts";
import { labelDays, labelsByDay, type LabelsOfDay } from "./label-days.ts";
import type { Labels, LabelsRequest } from "./labels.ts";

/**
 * Labels of a table. The database gives a digest of each day, and only days of a partition that has to be joined are read: what has not changed since costs no
 * transfer.
 */
export async function postgresLabels(request: LabelsRequest, labels: LabelTable): Promise<Labels> {
  const { deps, definition, name, over, pulse } = request;
  const address = deps.postgres ?? null;
  if (address === null) throw new RelearnError("SetupIncomplete", `source ${name} takes its labels from the table ${labels.table}: give the worker the database's address in RELEARN_POSTGRES_URL`);
  const days = labelDays(over, definition);
  const digests = await inPostgres(address, pulse.signal, async (client) => labelDigests(client, await labelSelect(client, labels, definition.timezone), days));
  const inTurn = oneAtATime();
  const all = days.flatMap((day, i): LabelsOfDay[] => {
    const digest = digests[i] ?? null;
    let read: Promise<string> | null = null;
    return digest === null ? [] : [{ day: day.name, id: `${day.name} ${digest}`, path: () => (read ??= inTurn(() => readDay({ request, labels, address, day, digest }))) }];
  });
  return labelsByDay(definition, all);
}

interface ReadDay { readonly request: LabelsRequest; readonly labels: LabelTable; readonly address: PostgresAddress; readonly day: CalendarSpan; readonly digest: string }

/** @throws RelearnError `DataHeld` where the day's labels are others than when they were looked at: what is kept under a digest must be what it says */
async function readDay({ request, labels, address, day, digest }: ReadDay): Promise<string> {
  const { definition, sandbox, folder, pulse } = request;
  const place = join(folder, "labels");
  await mkdir(place, { recursive: true });
  const [lines, path] = [join(place, `${day.name}.jsonl`), join(place, `${day.name}.parquet`)];
  const names = await inPostgres(address, pulse.signal, async (client) => {
    const select = await labelSelect(client, labels, definition.timezone);
    const [now] = await labelDigests(client, select, [day]);
    if (now !== digest) throw new RelearnError("DataHeld", `labels of ${day.name} in the table ${labels.table} changed while they were read; they are read once they keep still`);
    await writeLabels(client, select, day, lines, pulse.signal);
    return select.names;
  });
  await sandbox.inLane((lane) => lane.run(`labels of ${labels.table}`, `copy (${writtenLabelsSql(lines, names)} order by all) to ${quote(path)} ${parquetOptions}`));
  return path;
}

/** A database is asked by one connection at a time. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
