import { defineSearchAttributeKey } from "@temporalio/common";
import { ApplicationFailure, workflowInfo } from "@temporalio/workflow";
import type { BlobRef } from "../schemas/names.ts";
import { quick } from "./activity-proxies.ts";

const scheduledStart = defineSearchAttributeKey("TemporalScheduledStartTime", "DATETIME");

/** What a Schedule starts: passes its nominal time on as a cause, and ends. The same nominal time is the same cause, also in a backfill. */
export async function trigger(input: { readonly pipeline: string; readonly definition: BlobRef }): Promise<void> {
  const info = workflowInfo();
  const asOf = (info.typedSearchAttributes.get(scheduledStart) ?? info.startTime).toISOString();
  if (typeof input?.pipeline !== "string") throw ApplicationFailure.nonRetryable("trigger needs {pipeline, definition}", "InvalidInput");
  await quick.signalRetraining({ pipeline: input.pipeline, definition: input.definition, asOf, cause: { kind: "schedule", key: asOf, by: null } });
}
