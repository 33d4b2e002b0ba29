import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { putRun } from "../stores/runs.ts";

/** Writes down how a run stands, for `relearn runs`. */
export function createRecordRun({ store }: Dependencies): Activities["recordRun"] {
  return async ({ record }) => putRun(store, record);
}
