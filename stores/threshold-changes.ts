import { type ThresholdChange, thresholdChange } from "../schemas/threshold-change.ts";
import { createDocument, getDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

const prefix = (model: string): string => `reports/${model}/thresholds/`;

/**
 * Puts a change on the record, after all that were before. The same change again, by an activity that is repeated, is one: `at` is the workflow's
 * time of the request.
 */
export async function putThresholdChange(store: ObjectStore, model: string, change: Omit<ThresholdChange, "version" | "n">, signal?: AbortSignal): Promise<ThresholdChange> {
  for (;;) {
    const before = await listThresholdChanges(store, model, signal);
    const known = before.find((one) => one.at === change.at && one.metric === change.metric && one.by === change.by);
    if (known !== undefined) return known;
    const made: ThresholdChange = { version: 1, n: (before.at(-1)?.n ?? 0) + 1, ...change };
    if (await createDocument(store, `${prefix(model)}${String(made.n).padStart(8, "0")}.json`, made, signal)) return made;
  }
}

/** Every change, oldest first. */
export async function listThresholdChanges(store: ObjectStore, model: string, signal?: AbortSignal): Promise<ThresholdChange[]> {
  const changes: ThresholdChange[] = [];
  for await (const { key } of store.list(prefix(model), { signal })) {
    const found = await getDocument(store, key, thresholdChange, signal);
    if (found !== null) changes.push(found);
  }
  return changes;
}
