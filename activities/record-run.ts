import { wellFormedValue } from "../policy/well-formed.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { putRun } from "../stores/runs.ts";

/** Writes down how a run stands, for `relearn runs`. Reasons come from anywhere; none may keep the record from being written. */
export function createRecordRun({ store }: Dependencies): Activities["recordRun"] {
  return async ({ record }) => putRun(store, wellFormedValue(record));
}
