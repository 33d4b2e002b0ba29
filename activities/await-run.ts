import type { Activities, RunEnd } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { withHeartbeat } from "./support/heartbeat.ts";

/** Follows a run to its end, whatever that is: a workflow that failed, was terminated or is gone has ended too. */
export function createAwaitRun({ workflows }: Dependencies): Activities["awaitRun"] {
  return async ({ workflowId }) =>
    withHeartbeat(async ({ signal }) => {
      const ended = workflows.getHandle(workflowId).result().then((end) => end as RunEnd, failedEnd);
      return Promise.race([ended, cancelled(signal)]);
    });
}

function failedEnd(error: unknown): RunEnd {
  const name = (error as Error).name;
  if (name === "WorkflowFailedError" || name === "WorkflowNotFoundError" || name === "WorkflowContinuedAsNewError") return { state: "failed", reason: (error as Error).message };
  throw error;
}

function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
}
