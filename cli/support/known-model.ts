import { RelearnError } from "../../schemas/failures.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry, type Registry } from "../../stores/registry.ts";
import { listModels } from "../../stores/runs.ts";

/** The registry of a model that has a log. @throws RelearnError `NotFound`, naming those that exist */
export async function knownModel(store: ObjectStore, model: string): Promise<Registry> {
  const registry = openRegistry(store, model);
  if ((await registry.log.tip()) !== null) return registry;
  throw notAmong("model", model, await listModels(store), "`relearn run` makes one");
}

/** An unknown name is answered with the names that exist. */
export function notAmong(what: string, name: string, existing: readonly string[], otherwise: string): RelearnError {
  const known = existing.length === 0 ? `there is none yet; ${otherwise}` : `there are: ${existing.slice(0, 20).join(", ")}${existing.length > 20 ? ` and ${existing.length - 20} more` : ""}`;
  return new RelearnError("NotFound", `there is no ${what} ${name}; ${known}`);
}

/** Which versions there are, for one that there is not. */
export const versionsText = (highest: number): string => (highest === 0 ? "no version yet" : highest === 1 ? "version 1 only" : `versions 1 to ${highest}`);
