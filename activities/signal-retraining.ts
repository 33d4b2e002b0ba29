import { activityInfo } from "@temporalio/activity";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** Hands a cause to the pipeline's `retraining`, starting it where it is not there yet. */
export function createSignalRetraining({ workflows }: Dependencies): Activities["signalRetraining"] {
  return async (trigger) => {
    await workflows.signalWithStart("retraining", {
      workflowId: `${trigger.pipeline}/retraining`, taskQueue: activityInfo().taskQueue,
      args: [{ pipeline: trigger.pipeline }], signal: "trigger", signalArgs: [trigger],
    });
  };
}
