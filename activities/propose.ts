import { setTimeout as sleep } from "node:timers/promises";
import { activityInfo } from "@temporalio/activity";
import { type WorkflowHandle, WithStartWorkflowOperation } from "@temporalio/client";
import type { Workflow } from "@temporalio/common";
import type { Activities, DeploymentAnswer, SettledAnswer } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { type Pulse, withHeartbeat } from "./support/heartbeat.ts";

/** Of the deployment's answer to the query `status`, what this activity asks for. */
interface Told {
  readonly settled?: readonly { readonly run: string; readonly v: number; readonly answer: SettledAnswer }[];
  readonly rollout?: { readonly run: string; readonly v: number } | null;
  readonly waiting?: readonly { readonly run: string; readonly v: number }[];
}

interface Proposal { readonly model: string; readonly v: number; readonly run: string }

const lookEveryMs = { first: 250, most: 5_000 };

/**
 * Hands an approved version to the model's `deployment`, and looks on until it has taken over or gone back: that may take days, over restarts of this worker and of the
 * deployment. The update's id is the run's, so a retry hears the first answer; where the deployment no longer knows of it, it is proposed once more.
 */
export function createPropose(deps: Dependencies): Activities["propose"] {
  return async (proposal) =>
    withHeartbeat(async (pulse) => {
      for (let attempt = 0; ; attempt++) {
        const answer = await propose(deps, proposal, attempt);
        if (answer.status === "committed" || answer.status === "refused") return answer;
        const settled = await untilSettled(deps, proposal, pulse).catch(async (error: unknown) => {
          if (pulse.ending() === "cancelled") await withdraw(deps, proposal);
          throw error;
        });
        if (settled !== null) return settled;
      }
    });
}

/** A run that is cancelled takes its version along, and no other run's. */
async function withdraw({ workflows }: Dependencies, { model, run }: Proposal): Promise<void> {
  await workflows.getHandle(`${model}/deployment`).signal("abort", { by: run, reason: "its run was cancelled", run });
}

async function propose({ workflows }: Dependencies, { model, v, run }: Proposal, attempt: number): Promise<DeploymentAnswer> {
  const startWorkflowOperation = new WithStartWorkflowOperation("deployment", {
    workflowId: `${model}/deployment`, taskQueue: activityInfo().taskQueue, args: [{ model }], workflowIdConflictPolicy: "USE_EXISTING",
  });
  const updateId = attempt === 0 ? `${run}/propose` : `${run}/propose/${attempt}`;
  return workflows.executeUpdateWithStart<Workflow, DeploymentAnswer, [unknown]>("propose", { startWorkflowOperation, args: [{ v, run }], updateId });
}

/** Null: the deployment knows nothing of the proposal (any more). */
async function untilSettled({ workflows }: Dependencies, { model, v, run }: Proposal, { signal }: Pulse): Promise<SettledAnswer | null> {
  const isMine = (one: { readonly run: string; readonly v: number }): boolean => one.run === run && one.v === v;
  for (let pause = lookEveryMs.first; ; pause = Math.min(pause * 1.3, lookEveryMs.most)) {
    const told = await look(workflows.getHandle(`${model}/deployment`));
    const settled = told?.settled?.find(isMine);
    if (settled !== undefined) return settled.answer;
    if (told !== null && !(told.rollout && isMine(told.rollout)) && !told.waiting?.some(isMine)) return null;
    await sleep(pause, undefined, { signal });
  }
}

/** What a deployment says of itself; nothing where it is closed, for it would go on answering as it stood; null where nobody answers just now. */
async function look(handle: WorkflowHandle): Promise<Told | null> {
  try {
    const { status } = await handle.describe();
    return status.name === "RUNNING" ? await handle.query<Told>("status") : {};
  } catch {
    return null;
  }
}
