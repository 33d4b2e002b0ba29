import type { Window } from "../schemas/time.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Times that Date cannot write as a plain year go to the nearest that it can. */
const isoOf = (at: number): string => new Date(Math.min(Math.max(Number.isFinite(at) ? at : 0, 0), 253_402_300_799_999)).toISOString();

/** `predictions/<model>/date=YYYY-MM-DD/hour=HH/`, by event time in UTC. @param at milliseconds since 1970. */
export function predictionPrefix(model: string, at: number): string {
  const iso = isoOf(at);
  return `predictions/${model}/date=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}/`;
}

export const predictionKey = (model: string, at: number, name: string): string => `${predictionPrefix(model, at)}${name}.parquet`;

/** `feedback/<model>/date=YYYY-MM-DD/`, by the time it was received in UTC: what comes late changes no folder that was read before. */
export const feedbackPrefix = (model: string, received: number): string => `feedback/${model}/date=${isoOf(received).slice(0, 10)}/`;

export const feedbackKey = (model: string, received: number, name: string): string => `${feedbackPrefix(model, received)}${name}.parquet`;

/** Parquet files that may hold predictions of a window by event time; rows at its edges may lie outside. */
export async function predictionFiles(store: ObjectStore, model: string, { from, to }: Window, signal?: AbortSignal): Promise<readonly ObjectInfo[]> {
  return filesUnder(store, prefixes(Date.parse(from), Date.parse(to), hourMs, (at) => predictionPrefix(model, at)), signal);
}

/** Parquet files that hold the feedback received in a window; rows at its edges may lie outside. */
export async function feedbackFiles(store: ObjectStore, model: string, { from, to }: Window, signal?: AbortSignal): Promise<readonly ObjectInfo[]> {
  return filesUnder(store, prefixes(Date.parse(from), Date.parse(to), dayMs, (at) => feedbackPrefix(model, at)), signal);
}

function prefixes(from: number, to: number, step: number, prefix: (at: number) => string): string[] {
  const first = Math.floor(from / step);
  return Array.from({ length: Math.max(0, Math.ceil(to / step) - first) }, (_, i) => prefix((first + i) * step));
}

async function filesUnder(store: ObjectStore, folders: readonly string[], signal?: AbortSignal): Promise<readonly ObjectInfo[]> {
  const found = await inParallel(folders, 16, async (prefix) => {
    const files: ObjectInfo[] = [];
    for await (const file of store.list(prefix, signal === undefined ? {} : { signal })) files.push(file);
    return files;
  });
  return found.flat().filter(({ key }) => key.endsWith(".parquet"));
}
