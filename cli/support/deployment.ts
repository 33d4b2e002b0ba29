import type { Workflow } from "@temporalio/common";
import { type FailureType, RelearnError } from "../../schemas/failures.ts";
import type { TemporalSettings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { taskQueue } from "../../workers/connect.ts";
import type { DeploymentAnswer, DeploymentStatus } from "../../workflows/messages.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

export type DeploymentRequest = "promote" | "rollback" | "pause" | "resume" | "abort" | "advance" | "setTraffic";

const deploymentId = (model: string): string => `${model}/deployment`;

/** Asks a model's `deployment`, started where it does not run yet, and waits for its answer. @throws RelearnError what `refusal` makes of a no */
export async function askDeployment(access: TemporalAccess, model: string, name: DeploymentRequest, input: object, refusal: FailureType): Promise<Extract<DeploymentAnswer, { status: "committed" }>> {
  const { WithStartWorkflowOperation } = await import("@temporalio/client");
  const startWorkflowOperation = new WithStartWorkflowOperation("deployment", { workflowId: deploymentId(model), taskQueue, args: [{ model }], workflowIdConflictPolicy: "USE_EXISTING" });
  const answer = await inTime(access, `${name} of ${model}`, () => access.client.workflow.executeUpdateWithStart<Workflow, DeploymentAnswer, [object]>(name, { startWorkflowOperation, args: [input] }), 30_000);
  if (answer.status === "refused") throw new RelearnError(refusal, `${name} was refused: ${answer.reason}`);
  if (answer.status !== "committed") throw new RelearnError("TemporalUnavailable", `${name} of ${model} is ${answer.status} and not yet settled`);
  return answer;
}

/** How a model's deployment stands; null where none runs: one that has ended would answer as it stood then. */
export async function deploymentStatus(access: TemporalAccess, model: string): Promise<DeploymentStatus | null> {
  try {
    const handle = access.client.workflow.getHandle(deploymentId(model));
    return await inTime(access, `the question how the deployment of ${model} stands`, async () => ((await handle.describe()).status.name === "RUNNING" ? handle.query<DeploymentStatus>("status") : null));
  } catch (error) {
    if ((error as Error).name === "WorkflowNotFoundError") return null;
    throw error;
  }
}

export function deploymentLine(temporal: TemporalSettings, model: string, name: DeploymentRequest, input: object): string {
  return temporalLine(temporal, ["workflow", "execute-update-with-start"], {
    "workflow-id": deploymentId(model), type: "deployment", "task-queue": taskQueue, "id-conflict-policy": "UseExisting", input: { model }, "update-name": name, "update-input": input,
  });
}
