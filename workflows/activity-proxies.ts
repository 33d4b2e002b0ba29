import { ActivityCancellationType, type ActivityInterfaceFor, proxyActivities, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "../activities/contract.ts";

/** Failures that trying again cannot mend end an activity at once: activities throw those as non-retryable. */
const retry = { initialInterval: "200ms", backoffCoefficient: 2, maximumInterval: "30s" } as const;

/** Small reads and writes. They try for ever: a store that is down comes back, and nothing may be lost meanwhile. */
export const quick = proxyActivities<Activities>({ startToCloseTimeout: "30s", retry });

/** Work on data and models: memory-heavy, on a queue of its own beside the workflow's. Tries through an hour without a store; work that kills its worker ends some day. */
export const heavyActivities = (): ActivityInterfaceFor<Activities> =>
  proxyActivities<Activities>({
    taskQueue: `${workflowInfo().taskQueue}-data`,
    startToCloseTimeout: "6h",
    heartbeatTimeout: "30s",
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...retry, maximumAttempts: 120 },
  });

/** Watches of what lives elsewhere: a training job, another workflow. A worker that dies is replaced after the heartbeat timeout. */
export const watch = proxyActivities<Activities>({
  startToCloseTimeout: "30d",
  heartbeatTimeout: "10s",
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});
