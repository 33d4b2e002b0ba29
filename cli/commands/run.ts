import { randomUUID } from "node:crypto";
import type { Trigger } from "../../schemas/cause.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { readPast, readText } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { loadDefinition } from "../support/definition.ts";
import { interrupted, interruptible } from "../support/interrupt.ts";
import { personOf } from "../support/person.ts";
import { retrainingId, sendTrigger, settledPlaceOf, triggerLine, waitForRun } from "../support/start-run.ts";
import { withStore } from "../support/store.ts";
import { withTemporal, type TemporalAccess } from "../support/temporal.ts";
import { workflowLink } from "../support/workflow-link.ts";
import { watchRun } from "../support/watch-run.ts";

interface RunOptions {
  readonly asOf?: string;
  readonly key?: string;
  readonly by?: string;
  readonly detach?: boolean;
  readonly wait?: boolean;
}

/** Starts a run for a person's cause, and follows it unless told otherwise. */
export async function run(cli: Cli, file: string, options: RunOptions): Promise<number> {
  const key = options.key === undefined ? randomUUID() : readText("--key", options.key, 200);
  const settings = await cli.settings();
  const definition = await loadDefinition(file);
  const asOf = options.asOf === undefined ? new Date().toISOString() : readPast("--as-of", options.asOf, definition.timezone);
  const cause = { kind: "person" as const, key, by: await personOf(options.by) };
  return withStore(settings, (store) => withTemporal(settings, async (access) => {
    const trigger: Trigger = { cause, asOf, definition: await putJsonBlob(store, definition), pipeline: definition.name };
    const runId = await sendTrigger(access, trigger);
    if (options.detach === true) return detach(cli, access, trigger, runId, triggerLine(settings.temporal, trigger));
    cli.say(cli.style.dim(`same as: ${triggerLine(settings.temporal, trigger)}`));
    const workflowId = await interruptible(cli, (signal) => waitForRun(access, definition.name, key, (behind) => cli.say(behind), signal));
    if (workflowId === null) return left(cli, trigger);
    const link = workflowLink(settings.temporal, workflowId);
    cli.say(`${workflowId}${link === null ? "" : `  ${cli.style.dim(link)}`}`);
    return watchRun({ cli, settings, access, store }, workflowId, options.wait ?? false);
  }));
}

/** Says which workflow has it: the run's own, or `retraining` while it is queued behind another. */
async function detach(cli: Cli, access: TemporalAccess, { pipeline, cause }: Trigger, retrainingRunId: string, temporal: string): Promise<number> {
  const placed = await settledPlaceOf(access, pipeline, cause.key);
  if ("queued" in placed) {
    cli.give({ workflowId: retrainingId(pipeline), runId: retrainingRunId, queued: placed.queued }, placed.queued);
    cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn runs ${pipeline}`));
    return 0;
  }
  const { runId } = await access.client.workflow.getHandle(placed.run).describe();
  cli.give({ workflowId: placed.run, runId }, `${placed.run} was started`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn watch ${placed.run}`));
  return 0;
}

function left(cli: Cli, { pipeline, cause }: Trigger): number {
  cli.give({ workflowId: retrainingId(pipeline), detached: true, key: cause.key }, `the run stays queued. Come back with: relearn runs ${pipeline}`);
  return interrupted;
}
