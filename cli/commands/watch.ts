import { temporalLine } from "../../schemas/temporal-line.ts";
import type { Cli } from "../support/cli.ts";
import { followBatch } from "../support/follow-batch.ts";
import { withStore } from "../support/store.ts";
import { withTemporal } from "../support/temporal.ts";
import { watchRun } from "../support/watch-run.ts";
import { isBatch, workflowIdOf } from "../support/workflow-id.ts";

/** Follows a run to its end, or to the approval it waits for; a batch to its end. */
export async function watch(cli: Cli, run: string, options: { readonly wait?: boolean }): Promise<number> {
  const settings = await cli.settings();
  return withStore(settings, (store) => withTemporal(settings, async (access) => {
    const workflowId = await workflowIdOf(access, store, run);
    if (isBatch(workflowId)) return followBatch(cli, access, workflowId, temporalLine(settings.temporal, ["workflow", "show"], { "workflow-id": workflowId }));
    return watchRun({ cli, settings, access, store }, workflowId, options.wait === false ? "never" : (options.wait ?? false));
  }));
}
