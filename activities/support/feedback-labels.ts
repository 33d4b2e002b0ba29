import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { addDuration } from "../../schemas/calendar.ts";
import { keyOf } from "../../stores/documents.ts";
import { earliestSaid, keepEarliestSaid } from "../../stores/feedback-days.ts";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { feedbackListed } from "../../stores/prediction-times.ts";
import { feedbackSql } from "../../tables/feedback-sql.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { parquetOptions } from "../../tables/partition-rows.ts";
import { quote } from "../../tables/quote.ts";
import type { LabelFile, Labels, LabelsRequest } from "./labels.ts";

const dayMs = 86_400_000;

/** What was received on one day, UTC. */
interface FeedbackDay { readonly day: number; readonly id: string; readonly objects: readonly ObjectInfo[]; readonly path: () => Promise<string> }

/**
 * Labels that callers sent. They lie by the day on which they were received, and count by when they came true, where that was said: a day long after
 * a partition matters to it only where something of that day says that it came true in time.
 */
export async function feedbackLabels(request: LabelsRequest): Promise<Labels> {
  const { deps, definition, model, over, pulse } = request;
  const listed = await feedbackListed(deps.store, model, Date.parse(over.from), pulse.signal);
  const days = daysOf(request, listed);
  const mature = (to: string) => Date.parse(addDuration(to, definition.label.arrives, definition.timezone));
  return {
    of: async ({ from, to }) => {
      const until = mature(to);
      const own = days.filter(({ day }) => day + dayMs > Date.parse(from));
      const matter = await inParallel(own, 8, async (one) => one.day <= until || ((await earliestOf(request, one)) ?? Number.POSITIVE_INFINITY) <= until);
      return own.filter((_, i) => matter[i]).map(({ id, path }): LabelFile => ({ id, path }));
    },
  };
}

function daysOf(request: LabelsRequest, listed: readonly ObjectInfo[]): FeedbackDay[] {
  const byDay = new Map<number, ObjectInfo[]>();
  for (const object of listed) {
    const day = Date.parse(/\/date=(\d{4}-\d{2}-\d{2})\//.exec(object.key)?.[1] ?? "");
    if (!Number.isNaN(day)) byDay.set(day, [...(byDay.get(day) ?? []), object]);
  }
  return [...byDay].sort(([a], [b]) => a - b).map(([day, objects]) => {
    const id = keyOf("feedback", objects.map(({ key, etag }) => [key, etag]));
    let fetched: Promise<string> | null = null;
    return { day, id, objects, path: () => (fetched ??= fetchDay(request, objects, new Date(day).toISOString().slice(0, 10))) };
  });
}

/** One file of a day's labels, in the shape of label files. An object that has been removed since it was listed says nothing. */
async function fetchDay({ deps, sandbox, folder, pulse }: LabelsRequest, objects: readonly ObjectInfo[], name: string): Promise<string> {
  const place = join(folder, "labels", name);
  await mkdir(place, { recursive: true });
  const fetched = await inParallel(objects, 16, async ({ key }, i) => {
    const path = join(place, `${i}.parquet`);
    return (await deps.store.download(key, path, { signal: pulse.signal })) === null ? null : path;
  });
  const files = fetched.filter((path) => path !== null);
  const path = join(folder, "labels", `${name}.parquet`);
  await sandbox.inLane((lane) => lane.run(`feedback of ${name}`, `copy (select prediction_id, "row", coalesce(label, value::varchar) as y, coalesce("at", received_at) as known_at, received_at, source from (${feedbackSql(files)})) to ${quote(path)} ${parquetOptions}`));
  return path;
}

/** When the earliest of a day's labels came true, in milliseconds since 1970; null where it says of none that it was before it was received. */
async function earliestOf({ deps, model, sandbox, pulse: { signal } }: LabelsRequest, { id, day, path }: FeedbackDay): Promise<number | null> {
  const known = await earliestSaid(deps.store, model, id, signal);
  if (known !== null) return known.at === null ? null : Date.parse(known.at);
  const file = await path();
  const [row] = await sandbox.inLane((lane) => lane.run("feedback", `select epoch_ms(min(known_at)) as at from ${parquetFiles([file])} where known_at < to_timestamp(${day / 1_000})`));
  const at = row?.["at"] === null || row === undefined ? null : Number(row["at"]);
  await keepEarliestSaid(deps.store, model, id, { version: 1, at: at === null ? null : new Date(at).toISOString() }, signal);
  return at;
}
