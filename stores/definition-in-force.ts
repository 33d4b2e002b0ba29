import type { BlobRef } from "../schemas/names.ts";
import type { ObjectStore } from "./object-store.ts";
import { listRuns } from "./runs.ts";

/** The definition that a pipeline's newest run has, for causes that bring none; null where it never ran. */
export async function definitionInForce(store: ObjectStore, pipeline: string, signal?: AbortSignal): Promise<BlobRef | null> {
  for await (const { definition } of listRuns(store, pipeline, signal)) return definition;
  return null;
}
