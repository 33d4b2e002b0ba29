import type { WorkflowExecutionDescription } from "@temporalio/client";
import { plain } from "./style.ts";

/** What a run waits for while a step of it is tried again: `ingest is tried again (3): the object store did not answer ...`; null when none is. */
export function retryingStep({ raw }: Pick<WorkflowExecutionDescription, "raw">): string | null {
  const troubled = (raw.pendingActivities ?? []).find(({ attempt, lastFailure }) => (attempt ?? 1) > 1 && lastFailure != null);
  if (troubled === undefined) return null;
  const said = plain((troubled.lastFailure?.message ?? "").split("\n")[0] as string);
  return `${plain(troubled.activityType?.name ?? "a step")} is tried again (${troubled.attempt}): ${said.slice(0, 300)}`;
}
