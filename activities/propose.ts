import { activityInfo } from "@temporalio/activity";
import { WithStartWorkflowOperation } from "@temporalio/client";
import type { Workflow } from "@temporalio/common";
import type { Activities, DeploymentAnswer } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { withHeartbeat } from "./support/heartbeat.ts";

/** Hands an approved version to the model's `deployment`. The update's id is the run's, so a retry hears the first answer. */
export function createPropose({ workflows }: Dependencies): Activities["propose"] {
  return async ({ model, v, run }) =>
    withHeartbeat(async () => {
      const startWorkflowOperation = new WithStartWorkflowOperation("deployment", {
        workflowId: `${model}/deployment`, taskQueue: activityInfo().taskQueue, args: [{ model }], workflowIdConflictPolicy: "USE_EXISTING",
      });
      return workflows.executeUpdateWithStart<Workflow, DeploymentAnswer, [unknown]>("propose", { startWorkflowOperation, args: [{ v, run }], updateId: `${run}/propose` });
    });
}
