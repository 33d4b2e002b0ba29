import { openRegistry } from "../stores/registry.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** The version that serves now, or null. */
export function createChampion({ store }: Dependencies): Activities["champion"] {
  return async ({ model }) => openRegistry(store, model).champion();
}
