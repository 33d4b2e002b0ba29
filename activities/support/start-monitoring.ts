import { activityInfo } from "@temporalio/activity";
import { readJson } from "../../schemas/boundary.ts";
import { failureTypeOf } from "../../schemas/failures.ts";
import { manifest } from "../../schemas/manifest.ts";
import { getBlob } from "../../stores/blobs.ts";
import { openRegistry } from "../../stores/registry.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Lets the model be watched by the definition of the version that serves, from now on: starts its `monitoring`, or tells the one that runs. A version whose manifest cannot be
 * read is not watched, and holds up nobody: it serves all the same.
 */
export async function startMonitoring({ store, workflows }: Pick<Dependencies, "store" | "workflows">, model: string): Promise<void> {
  const definition = await definitionOf(store, model);
  if (definition === null) return;
  await workflows.signalWithStart("monitoring", { workflowId: `${model}/monitoring`, taskQueue: activityInfo().taskQueue, args: [{ pipeline: model, definition }], signal: "watch", signalArgs: [{ definition }] });
}

async function definitionOf(store: Dependencies["store"], model: string) {
  const champion = await openRegistry(store, model).champion();
  if (champion === null) return null;
  try {
    return readJson(manifest, new TextDecoder().decode(await getBlob(store, champion.manifest)), `the manifest of ${model} version ${champion.v}`).definition;
  } catch (error) {
    if (["Corrupt", "NotFound", "InvalidInput"].includes(failureTypeOf(error) ?? "")) return null;
    throw error;
  }
}
