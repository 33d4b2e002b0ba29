import type { ScheduleOptions } from "@temporalio/client";
import type { Definition } from "../../schemas/definition.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { Settings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { taskQueue } from "../../workers/connect.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

export const scheduleSuffix = "/schedule";
export const scheduleId = (pipeline: string): string => `${pipeline}${scheduleSuffix}`;

/**
 * Every nominal time is kept, in order: a trigger ends at once, and what comes together is folded into one run anyway. Catching up on
 * three days is therefore cheap, and a server that was down over a week-end still runs what a month waits for.
 */
const policies = { overlap: "BUFFER_ALL", catchupWindow: "3 days", pauseOnFailure: false } as const;

/** @throws RelearnError `InvalidDefinition` when the definition names no schedule */
export function scheduleOptions({ name, timezone, retrain }: Definition, definition: BlobRef): ScheduleOptions & { readonly scheduleId: string } {
  return {
    scheduleId: scheduleId(name),
    spec: { cronExpressions: [cronOf({ name, retrain })], timezone },
    action: { type: "startWorkflow", workflowType: "trigger", workflowId: `${name}/trigger`, taskQueue, args: [{ pipeline: name, definition }] },
    policies,
    memo: { pipeline: name },
  };
}

function cronOf({ name, retrain }: Pick<Definition, "name" | "retrain">): string {
  if (retrain.schedule !== undefined) return retrain.schedule;
  throw new RelearnError("InvalidDefinition", `the definition of ${name} has no retrain.schedule: add one such as retrain: { schedule: "0 3 1 * *" }`);
}

export function createLine({ temporal }: Settings, { name, timezone, retrain }: Definition, definition: BlobRef): string {
  return temporalLine(temporal, ["schedule", "create"], {
    "schedule-id": scheduleId(name), cron: cronOf({ name, retrain }), "time-zone": timezone, "overlap-policy": "BufferAll", "catchup-window": "72h",
    type: "trigger", "workflow-id": `${name}/trigger`, "task-queue": taskQueue, input: { pipeline: name, definition },
  });
}

/** The server leaves out the start of a range and takes its end in: a moment earlier makes both count. */
export const justBefore = (instant: string): Date => new Date(Date.parse(instant) - 1);

/** Nominal times in [from, to]. */
export async function matchingTimes(access: TemporalAccess, namespace: string, pipeline: string, from: string, to: string): Promise<string[]> {
  const answer = await inTime(access, `the times of ${scheduleId(pipeline)}`, () => access.connection.workflowService.listScheduleMatchingTimes({
    namespace, scheduleId: scheduleId(pipeline), startTime: timestamp(justBefore(from)), endTime: timestamp(new Date(to)),
  }));
  return answer.startTime.map(({ seconds }) => new Date(Number(seconds) * 1_000).toISOString());
}

const timestamp = (time: Date): { seconds: never; nanos: number } => ({ seconds: Math.floor(time.getTime() / 1_000) as never, nanos: (time.getTime() % 1_000) * 1e6 });
