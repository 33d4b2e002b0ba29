import { putThresholdChange } from "../../stores/threshold-changes.ts";
import type { Activities } from "../contract.ts";
import type { Dependencies } from "../dependencies.ts";

/** Puts a change of what alarms on the record, so that what was in force when is known for ever. */
export function createRecordThreshold({ store }: Pick<Dependencies, "store">): Activities["recordThreshold"] {
  return ({ pipeline, change }) => putThresholdChange(store, pipeline, change);
}
