import { activityInfo } from "@temporalio/activity";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";

/** A run is started once for ever: its id names its definition, windows and causes. */
export function createStartRun({ workflows }: Dependencies): Activities["startRun"] {
  return async ({ workflowId, input }) => {
    try {
      await workflows.start("trainingRun", { workflowId, taskQueue: activityInfo().taskQueue, args: [input], workflowIdReusePolicy: "REJECT_DUPLICATE" });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}
