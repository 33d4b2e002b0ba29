import { acceptedSnapshot, type AcceptedSnapshot } from "../schemas/acceptance.ts";
import { createDocument, parseDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

const prefix = (pipeline: string): string => `datasets/${pipeline}/accepted/`;

/** Later times come first in a listing. */
const reversed = (instant: string): string => String(999_999_999_999_999 - Date.parse(instant)).padStart(15, "0");

/** The snapshot accepted last, by another run than this one: a run that is tried again must not be its own reference. */
export async function lastAccepted(store: ObjectStore, pipeline: string, run: string, signal?: AbortSignal): Promise<AcceptedSnapshot | null> {
  for await (const { key } of store.list(prefix(pipeline), { signal })) {
    const found = await store.get(key, { signal });
    if (found === null) continue;
    const record = parseDocument(store, key, acceptedSnapshot, found.body);
    if (record.run !== run) return record;
  }
  return null;
}

/** The snapshot accepted last, by whatever run. */
export const newestAccepted = (store: ObjectStore, pipeline: string, signal?: AbortSignal): Promise<AcceptedSnapshot | null> => lastAccepted(store, pipeline, "", signal);

/** Records that a run accepted a snapshot, once however often the run is tried. */
export async function recordAccepted(store: ObjectStore, pipeline: string, record: AcceptedSnapshot, signal?: AbortSignal): Promise<void> {
  for await (const { key } of store.list(prefix(pipeline), { signal })) {
    const found = await store.get(key, { signal });
    const newest = found === null ? null : parseDocument(store, key, acceptedSnapshot, found.body);
    if (newest?.run === record.run && newest.snapshot === record.snapshot) return;
    break;
  }
  await createDocument(store, `${prefix(pipeline)}${reversed(record.at)}-${record.snapshot.slice(0, 12)}.json`, record, signal);
}
