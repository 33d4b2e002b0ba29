import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { feedbackListed } from "../../stores/prediction-times.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { fetchObjects, readableObjects } from "./log-objects.ts";
import type { MonitorPorts } from "./monitor-ports.ts";

/** Objects of feedback as local files, each fetched once, for as long as a step works. */
export interface LabelFiles {
  /** Those that were received since, by the wall clock in milliseconds since 1970; others may be among them. */
  since(receivedAt: number): Promise<readonly string[]>;
}

/** Gives local label files to `work`; they are gone afterwards. */
export async function withLabelFiles<T>(deps: MonitorPorts, model: string, signal: AbortSignal, work: (labels: LabelFiles) => Promise<T>): Promise<T> {
  const folder = join(deps.scratch, "monitor", randomUUID());
  const known = new Map<string, string | null>();
  const since = async (receivedAt: number): Promise<readonly string[]> => {
    const listed = await feedbackListed(deps.store, model, receivedAt, signal);
    const fresh = listed.filter(({ key }) => !known.has(key));
    if (fresh.length > 0) for (const [key, path] of await fetchReadable(deps, fresh, join(folder, String(known.size)), signal)) known.set(key, path);
    return listed.flatMap(({ key }) => known.get(key) ?? []);
  };
  try {
    return await work({ since });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By key; null where an object is gone, or cannot be read. */
async function fetchReadable(deps: MonitorPorts, objects: readonly ObjectInfo[], folder: string, signal: AbortSignal): Promise<Map<string, string | null>> {
  await mkdir(folder, { recursive: true });
  const fetched = await fetchObjects(deps, objects, folder, signal);
  const { files } = await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: "UTC", memoryMegabytes: 128, threads: 1, signal }, (connection) => readableObjects(connection, fetched));
  const readable = new Set(files);
  const paths = new Map(fetched.filter(({ path }) => readable.has(path)).map(({ key, path }) => [key, path]));
  return new Map(objects.map(({ key }) => [key, paths.get(key) ?? null]));
}
