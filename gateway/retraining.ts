import type { Client, Connection } from "@temporalio/client";
import type { Trigger } from "../schemas/cause.ts";
import { RelearnError } from "../schemas/failures.ts";

/** Where causes go. */
export interface Retraining {
  /** Resolves once Temporal has it for good. @returns the workflow's id. @throws RelearnError `TemporalUnavailable` */
  trigger(trigger: Trigger): Promise<string>;
}

/** A sender waits, and tries again: longer than this is no use to it. */
const mostCallMs = 5_000;

/** The pipelines' `retraining` workflows, each started where it does not run yet. */
export function temporalRetraining({ client, connection }: { readonly client: Client; readonly connection: Connection }, taskQueue: string, callMs = mostCallMs): Retraining {
  return {
    async trigger(trigger) {
      const { pipeline } = trigger;
      const workflowId = `${pipeline}/retraining`;
      try {
        await connection.withDeadline(Date.now() + callMs, () => client.workflow.signalWithStart("retraining", { workflowId, taskQueue, args: [{ pipeline }], signal: "trigger", signalArgs: [trigger] }));
        return workflowId;
      } catch (error) {
        throw new RelearnError("TemporalUnavailable", `Temporal did not take the cause for ${workflowId}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}
