import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { findRun } from "./run-records.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

/** Whether a person means a batch: `<model>/score/<id>`. */
export const isBatch = (text: string): boolean => text.split("/")[1] === "score";

/** The workflow of the run, or the batch, that a person means. A run that was started a moment ago has no record yet: Temporal knows it by its whole id. */
export async function workflowIdOf(access: TemporalAccess, store: ObjectStore, text: string): Promise<string> {
  if (isBatch(text)) return inTime(access, `whether ${text} exists`, () => access.client.workflow.getHandle(text).describe()).then(({ workflowId }) => workflowId);
  try {
    return (await findRun(store, text)).run;
  } catch (error) {
    if (failureTypeOf(error) !== "NotFound" || !text.includes("/run/")) throw error;
    return inTime(access, `whether ${text} exists`, () => access.client.workflow.getHandle(text).describe()).then(({ workflowId }) => workflowId, (unknown: Error) => {
      throw failureTypeOf(unknown) === null ? new RelearnError("NotFound", (error as Error).message, { cause: unknown }) : unknown;
    });
  }
}
