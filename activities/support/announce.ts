import { activityInfo } from "@temporalio/activity";
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { RelearnError } from "../../schemas/failures.ts";
import type { Notice } from "../../schemas/notice.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Tells those who want to hear of it, by a workflow of its own: what goes on waits for nobody's receiver, and each notice is tried for days. The same notice is told once.
 * Call it at an activity's end, when what it tells is done.
 * @throws RelearnError `TemporalUnavailable`: then the activity is tried again, and tells then.
 */
export async function announce({ notices = [], workflows }: Pick<Dependencies, "notices" | "workflows">, notice: Notice): Promise<void> {
  const receivers = notices.filter(({ events }) => events.includes(notice.type)).map(({ name }) => name);
  if (receivers.length === 0) return;
  try {
    await workflows.start("notices", { workflowId: `${notice.pipeline}/notices/${notice.id}`, taskQueue: workflowQueue(), args: [{ notice, receivers }], workflowIdReusePolicy: "REJECT_DUPLICATE" });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw new RelearnError("TemporalUnavailable", `the notice ${notice.id} could not be handed on: ${(error as Error).message}`, { cause: error });
  }
}

/** Heavy activities have a queue of their own beside the one that workflows are taken from. */
const workflowQueue = (): string => activityInfo().taskQueue.replace(/-data$/, "");
