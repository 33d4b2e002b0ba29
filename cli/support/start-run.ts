import { setTimeout as sleep } from "node:timers/promises";
import { foldedInto } from "../../policy/retraining.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { TemporalSettings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { taskQueue } from "../../workers/connect.ts";
import type { RetrainingStatus } from "../../workflows/messages.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

const lookEveryMs = 250;
export const retrainingId = (pipeline: string): string => `${pipeline}/retraining`;

/** Hands a trigger to the pipeline's `retraining`, which is started where it does not run yet. @returns its Temporal run id */
export async function sendTrigger(access: TemporalAccess, trigger: Trigger): Promise<string> {
  const { pipeline } = trigger;
  const handle = await inTime(access, `the start of ${retrainingId(pipeline)}`, () => access.client.workflow.signalWithStart("retraining", {
    workflowId: retrainingId(pipeline), taskQueue, args: [{ pipeline }], signal: "trigger", signalArgs: [trigger],
  }));
  return handle.signaledRunId;
}

export function triggerLine(temporal: TemporalSettings, trigger: Trigger): string {
  return temporalLine(temporal, ["workflow", "signal-with-start"], {
    "workflow-id": retrainingId(trigger.pipeline), type: "retraining", "task-queue": taskQueue, input: { pipeline: trigger.pipeline }, "signal-name": "trigger", "signal-input": trigger,
  });
}

export async function retrainingStatus(access: TemporalAccess, pipeline: string): Promise<RetrainingStatus> {
  return inTime(access, `the question how ${retrainingId(pipeline)} stands`, () => access.client.workflow.getHandle(retrainingId(pipeline)).query<RetrainingStatus>("state"));
}

/** The same; null where it never ran. */
export async function statusOrNull(access: TemporalAccess, pipeline: string): Promise<RetrainingStatus | null> {
  return retrainingStatus(access, pipeline).catch((error: Error) => {
    if (error.name === "WorkflowNotFoundError") return null;
    throw error;
  });
}

/** Where a cause went. `queued` says behind what. */
export type Placed = { readonly run: string } | { readonly queued: string };

/** @throws RelearnError when the run could not be planned: the definition, or the cause, was at fault */
export async function placeOf(access: TemporalAccess, pipeline: string, key: string): Promise<Placed> {
  const status = await retrainingStatus(access, pipeline);
  const run = status.started[key];
  if (run === "") throw new RelearnError("InvalidInput", `the run could not be started: ${status.problem ?? "an earlier try with the same key failed; use another --key"}`);
  if (run !== undefined) return { run };
  if (status.paused) return { queued: `${retrainingId(pipeline)} is paused: relearn retraining resume ${pipeline}` };
  if (status.running === null) return { queued: "being planned" };
  const { workflowId } = status.running;
  const lead = foldedInto(status.queued, key);
  const folded = lead === null ? "" : `; folded into one queued run as of ${lead.asOf} with definition ${lead.definition.sha256.slice(0, 12)}`;
  return { queued: `queued behind ${workflowId}${await whyItStays(access, workflowId)}: relearn watch ${workflowId}${folded}` };
}

export const waitingText = { approval: ", which waits for an approval", data: ", which is held: its data is not complete" } as const;
/** What a running run waits for, where that is not work. */
export type Awaited = keyof typeof waitingText | null;

export async function waitsFor(access: TemporalAccess, workflowId: string): Promise<Awaited> {
  const record = await inTime(access, "how the run stands", () => access.client.workflow.getHandle(workflowId).query<RunRecord>("progress"), 3_000).catch(() => null);
  return record?.state === "waiting" ? "approval" : record?.state === "held" ? "data" : null;
}

const whyItStays = async (access: TemporalAccess, workflowId: string): Promise<string> => {
  const awaited = await waitsFor(access, workflowId);
  return awaited === null ? "" : waitingText[awaited];
};

/** As `placeOf`, once planning is over: that takes a moment, where a queue may take hours. */
export async function settledPlaceOf(access: TemporalAccess, pipeline: string, key: string): Promise<Placed> {
  for (let tries = 60; ; tries--) {
    const placed = await placeOf(access, pipeline, key);
    if ("run" in placed || placed.queued !== "being planned" || tries === 0) return placed;
    await sleep(lookEveryMs);
  }
}

/** Waits until the cause has its run. @param onQueued told each time it waits behind something else. @returns the workflow id; null after an abort */
export async function waitForRun(access: TemporalAccess, pipeline: string, key: string, onQueued: (behind: string) => void, signal: AbortSignal): Promise<string | null> {
  for (let told = "being planned"; !signal.aborted; await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)) {
    const placed = await placeOf(access, pipeline, key);
    if ("run" in placed) return placed.run;
    if (placed.queued !== told) onQueued(placed.queued);
    told = placed.queued;
  }
  return null;
}
