import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
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
  const readable = new Map<string, readonly string[]>();
  const since = async (receivedAt: number): Promise<readonly string[]> => {
    const listed = await feedbackListed(deps.store, model, receivedAt, signal);
    const fresh = listed.filter(({ key }) => !readable.has(key));
    if (fresh.length > 0) {
      const place = join(folder, String(readable.size));
      await mkdir(place, { recursive: true });
      const fetched = await fetchObjects(deps, fresh, place, signal);
      const { files } = await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: "UTC", memoryMegabytes: 128, threads: 1, signal }, (connection) => readableObjects(connection, fetched));
      const good = new Set(files);
      const paths = new Map(fetched.map(({ key, path }) => [key, path]));
      for (const { key } of fresh) readable.set(key, [paths.get(key)].flatMap((path) => (path !== undefined && good.has(path) ? [path] : [])));
    }
    return listed.flatMap(({ key }) => readable.get(key) ?? []);
  };
  try {
    return await work({ since });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
