import { recordedChange, type RecordedChange } from "../schemas/retrain.ts";
import { createDocument, getDocument, keyOf } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { reversedTime } from "./reversed-time.ts";

const prefix = (model: string): string => `reports/${model}/retraining/`;

/** Puts a change on the record; the same one at the same time is one. */
export async function putChange(store: ObjectStore, model: string, change: RecordedChange, signal?: AbortSignal): Promise<void> {
  await createDocument(store, `${prefix(model)}${reversedTime(change.at)}-${keyOf(change).slice(0, 12)}.json`, change, signal);
}

/** Changes that people made, newest first. */
export async function listChanges(store: ObjectStore, model: string, limit: number, signal?: AbortSignal): Promise<RecordedChange[]> {
  const changes: RecordedChange[] = [];
  for await (const { key } of store.list(prefix(model), { limit, signal })) {
    const found = await getDocument(store, key, recordedChange, signal);
    if (found !== null) changes.push(found);
  }
  return changes;
}
