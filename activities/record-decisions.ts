import { wellFormedValue } from "../policy/well-formed.ts";
import { putDecision } from "../stores/alarms.ts";
import { inParallel } from "../stores/parallel.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** Writes what was decided about alarms; the same decision again is one. */
export function createRecordDecisions({ store, now }: Dependencies): Activities["recordDecisions"] {
  return async ({ model, decisions }) => {
    await inParallel(decisions, 16, (decided) => putDecision(store, model, wellFormedValue({ version: 1, by: "policy", at: now(), ...decided })));
  };
}
