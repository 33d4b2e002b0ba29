import type { ObjectInfo, ObjectStore } from "./object-store.ts";
import { feedbackPrefix, predictionPrefix } from "./prediction-keys.ts";

const hourMs = 3_600_000;

/** The hour that an object of the prediction log belongs to, in milliseconds since 1970; null for what is none. */
export function hourOf(key: string): number | null {
  const [, date, hour] = /\/date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\/[^/]+\.parquet$/.exec(key) ?? [];
  const at = Date.parse(`${date}T${hour}:00:00Z`);
  return Number.isNaN(at) ? null : at;
}

/** The first hour at or after `since` of which there are predictions, in milliseconds since 1970; null where there is none. */
export async function nextPredictionHour(store: ObjectStore, model: string, since: number, signal?: AbortSignal): Promise<number | null> {
  const after = predictionPrefix(model, since);
  for await (const { key } of store.list(`predictions/${model}/`, { startAfter: after, signal })) {
    const hour = hourOf(key);
    if (hour !== null) return hour;
  }
  return null;
}

/**
 * The newest hour of which there are predictions, of any version, that does not lie after `latest` (a caller may claim any event time). A store
 * lists forwards only, so the end is sought by doubling steps from where it was last known, and then by halving: tens of listings of one
 * object each, whatever the log holds.
 * @param known an hour known to have predictions; null: none is
 */
export async function newestPredictionHour(store: ObjectStore, model: string, known: number | null, latest: number, signal?: AbortSignal): Promise<number | null> {
  const next = async (since: number): Promise<number | null> => {
    const found = await nextPredictionHour(store, model, since, signal);
    return found === null || found > latest ? null : found;
  };
  let low = known ?? (await next(0));
  if (low === null) return null;
  let step = hourMs;
  let high = low + step;
  for (let found = await next(high); found !== null; found = await next(high)) {
    low = found;
    step *= 2;
    high = low + step;
  }
  while (high - low > hourMs) {
    const middle = low + Math.max(hourMs, Math.floor((high - low) / hourMs / 2) * hourMs);
    const found = await next(middle);
    if (found === null) high = middle;
    else low = found;
  }
  return low;
}

/** Every object of the prediction log from the hour of `from` until before `to` (milliseconds since 1970), in one listing. */
export async function* predictionsListed(store: ObjectStore, model: string, from: number, to: number, signal?: AbortSignal): AsyncGenerator<ObjectInfo & { readonly hour: number }, void> {
  for await (const found of store.list(`predictions/${model}/`, { startAfter: predictionPrefix(model, from), signal })) {
    const hour = hourOf(found.key);
    if (hour === null) continue;
    if (hour >= to) return;
    yield { ...found, hour };
  }
}

/** Every object of feedback received on the day of `from` (milliseconds since 1970) or later, in one listing. */
export async function feedbackListed(store: ObjectStore, model: string, from: number, signal?: AbortSignal): Promise<readonly ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const one of store.list(`feedback/${model}/`, { startAfter: feedbackPrefix(model, from), signal })) if (one.key.endsWith(".parquet")) found.push(one);
  return found;
}
