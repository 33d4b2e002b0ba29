import { isNewDecision } from "../policy/settle-causes.ts";
import { wellFormedValue } from "../policy/well-formed.ts";
import { listDecisions, putDecision } from "../stores/alarms.ts";
import { inParallel } from "../stores/parallel.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** Writes what was decided about alarms. An alarm is decided once, and what a person has decided stands. */
export function createRecordDecisions({ store, now }: Dependencies): Activities["recordDecisions"] {
  return async ({ model, decisions }) => {
    await inParallel(decisions, 16, async (one) => {
      const decided = wellFormedValue({ version: 1 as const, by: "policy", at: now(), ...one });
      if (isNewDecision(await listDecisions(store, model, decided.alarm), decided)) await putDecision(store, model, decided);
    });
  };
}
