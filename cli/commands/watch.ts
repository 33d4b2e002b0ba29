import type { Cli } from "../support/cli.ts";
import { findRun } from "../support/run-records.ts";
import { withStore } from "../support/store.ts";
import { withTemporal } from "../support/temporal.ts";
import { watchRun } from "../support/watch-run.ts";

/** Follows a run to its end, or to the approval it waits for. */
export async function watch(cli: Cli, run: string, options: { readonly wait?: boolean }): Promise<number> {
  const settings = await cli.settings();
  return withStore(settings, async (store) => {
    const { run: workflowId } = await findRun(store, run);
    return withTemporal(settings, (access) => watchRun({ cli, settings, access, store }, workflowId, options.wait ?? false));
  });
}
