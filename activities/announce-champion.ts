import { WorkflowNotFoundError } from "@temporalio/client";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { startMonitoring } from "./support/start-monitoring.ts";

/** Tells the model's open runs that another version serves: evidence against the old one no longer counts. And lets the new one be watched. */
export function createAnnounceChampion({ store, workflows }: Dependencies): Activities["announceChampion"] {
  return async ({ model, except }) => {
    const query = `WorkflowType = 'trainingRun' AND RelearnModel = '${model}' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of workflows.list({ query })) {
      if (workflowId !== except) await signal(workflows, workflowId);
    }
    await startMonitoring({ store, workflows }, model);
  };
}

async function signal(workflows: Dependencies["workflows"], workflowId: string): Promise<void> {
  try {
    await workflows.getHandle(workflowId).signal("championChanged");
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
