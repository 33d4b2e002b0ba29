import { RelearnError } from "../../schemas/failures.ts";
import type { Cli } from "../support/cli.ts";
import { findRun } from "../support/run-records.ts";
import { withStore } from "../support/store.ts";
import { inTime, withTemporal } from "../support/temporal.ts";
import { temporalLine } from "../support/temporal-line.ts";

/** Asks a run to stop; it ends its training job before it ends. */
export async function cancel(cli: Cli, given: string): Promise<void> {
  const settings = await cli.settings();
  const { run, endedAt, state } = await withStore(settings, (store) => findRun(store, given));
  if (endedAt !== null) throw new RelearnError("Superseded", `${run} has ended already: ${state}`);
  await withTemporal(settings, (access) => inTime(access, `the cancellation of ${run}`, () => access.client.workflow.getHandle(run).cancel()));
  const temporal = temporalLine(settings.temporal, ["workflow", "cancel"], { "workflow-id": run });
  cli.give({ workflowId: run, temporal }, `${run} was asked to stop`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn watch ${run}`));
}
