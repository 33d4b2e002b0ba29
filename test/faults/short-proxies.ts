import { ActivityCancellationType, type ActivityInterfaceFor, proxyActivities, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "../../activities/contract.ts";

/** Stands for workflows/activity-proxies.ts in the fault tests: the same profiles, with timeouts that a killed worker does not wait minutes for. */
const retry = { initialInterval: "50ms", backoffCoefficient: 1.5, maximumInterval: "500ms" } as const;
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

export const quick = proxyActivities<Activities>({ startToCloseTimeout: "2500ms", retry });
export const heavyActivities = (): ActivityInterfaceFor<Activities> => proxyActivities<Activities>({ taskQueue: `${workflowInfo().taskQueue}-data`, startToCloseTimeout: "60s", heartbeatTimeout: "2500ms", cancellationType, retry });
export const watch = proxyActivities<Activities>({ startToCloseTimeout: "120s", heartbeatTimeout: "2500ms", cancellationType, retry });
