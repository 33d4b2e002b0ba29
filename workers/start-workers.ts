import { NativeConnection, Worker, type WorkerOptions, type WorkflowBundleOption } from "@temporalio/worker";
import type { Dependencies } from "../activities/dependencies.ts";
import { createActivities } from "../activities/index.ts";
import type { Settings } from "../schemas/settings.ts";
import { connectionOptions, dataConverter, dataQueue, taskQueue } from "./connect.ts";

export interface RunningWorkers {
  /** Resolves when both have shut down; rejects when one dies. */
  readonly ended: Promise<void>;
  shutdown(): void;
}

export interface WorkerChoices extends Pick<WorkerOptions, "stickyQueueScheduleToStartTimeout"> {
  readonly queue?: string;
}

/** Data and model work is memory-heavy: few at once. */
const dataSlots = 2;

/** One worker for workflows and light activities, one for heavy ones, in this process. */
export async function startWorkers(settings: Settings, deps: Dependencies, workflowBundle: WorkflowBundleOption, options: WorkerChoices = {}): Promise<RunningWorkers> {
  const { queue = taskQueue, ...choices } = options;
  const connection = await NativeConnection.connect(connectionOptions(settings.temporal));
  const shared = { connection, namespace: settings.temporal.namespace, activities: createActivities(deps), dataConverter: dataConverter(settings), shutdownGraceTime: "5s", ...choices } as const;
  const core = await Worker.create({ ...shared, taskQueue: queue, workflowBundle, maxConcurrentActivityTaskExecutions: 50, maxHeartbeatThrottleInterval: "2s" });
  const data = await Worker.create({ ...shared, taskQueue: dataQueue(queue), maxConcurrentActivityTaskExecutions: dataSlots, maxHeartbeatThrottleInterval: "2s" });
  const workers = [core, data];
  const ended = Promise.all(workers.map((worker) => worker.run())).then(() => connection.close());
  return { ended, shutdown: () => workers.forEach((worker) => worker.getState() === "RUNNING" && worker.shutdown()) };
}
