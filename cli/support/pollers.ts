import { dataQueue, taskQueue } from "../../workers/connect.ts";
import type { TemporalAccess } from "./temporal.ts";

/** temporal.api.enums.v1.TaskQueueType */
const workflowTasks = 1;
const activityTasks = 2;
/** The server remembers pollers for minutes after they are gone. */
const recentMs = 65_000;

/** Whether a worker has asked for work on both queues a moment ago. @param since milliseconds since 1970; polls before it do not count */
export async function hasPollers({ connection }: TemporalAccess, namespace: string, since = Date.now() - recentMs): Promise<boolean> {
  const asked = [[taskQueue, workflowTasks], [taskQueue, activityTasks], [dataQueue(taskQueue), activityTasks]] as const;
  const answers = await connection.withDeadline(Date.now() + 5_000, () => Promise.all(asked.map(([name, taskQueueType]) => connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType }))));
  return answers.every(({ pollers }) => (pollers ?? []).some((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000 > since - 1_000));
}
