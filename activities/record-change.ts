import { wellFormedValue } from "../policy/well-formed.ts";
import { putChange } from "../stores/retrain-changes.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** Puts a change of the retraining settings on the record. */
export function createRecordChange({ store, now }: Dependencies): Activities["recordChange"] {
  return async ({ model, ...changed }) => putChange(store, model, wellFormedValue({ version: 1, at: now(), ...changed }));
}
