import { RelearnError } from "../../schemas/failures.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import type { Cli } from "../support/cli.ts";
import { withStore } from "../support/store.ts";
import { inTime, withTemporal } from "../support/temporal.ts";
import { workflowIdOf } from "../support/workflow-id.ts";

/** Asks a run or a batch to stop; a run ends its training job before it ends. */
export async function cancel(cli: Cli, given: string): Promise<void> {
  const settings = await cli.settings();
  const workflowId = await withStore(settings, (store) => withTemporal(settings, async (access) => {
    const id = await workflowIdOf(access, store, given);
    const handle = access.client.workflow.getHandle(id);
    const { status } = await inTime(access, `whether ${id} runs`, () => handle.describe());
    if (status.name !== "RUNNING") throw new RelearnError("Superseded", `${id} has ended already: ${status.name.toLowerCase()}`);
    await inTime(access, `the cancellation of ${id}`, () => handle.cancel());
    return id;
  }));
  const temporal = temporalLine(settings.temporal, ["workflow", "cancel"], { "workflow-id": workflowId });
  cli.give({ workflowId, temporal }, `${workflowId} was asked to stop`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn watch ${workflowId}`));
}
