import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Client } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import type { Settings } from "../../schemas/settings.ts";
import { connectionOptions } from "../../workers/connect.ts";
import { timed } from "./timing.ts";

const queue = "bench-no-op";

/** A worker in this process for a workflow of six activities that do nothing. `work` gets what runs it once, in milliseconds. */
export async function withNoOps(settings: Settings, client: Client, work: (runOnce: () => Promise<number>) => Promise<void>): Promise<void> {
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  const connection = await NativeConnection.connect(connectionOptions(settings.temporal));
  const workflowsPath = join(import.meta.dirname, "no-op-workflow.js");
  const worker = await Worker.create({ connection, namespace: settings.temporal.namespace, taskQueue: queue, workflowsPath, activities: { nothing: async () => undefined } });
  const runOnce = (): Promise<number> => timed(() => client.workflow.execute("sixNothings", { taskQueue: queue, workflowId: `no-op/${randomUUID()}` }));
  await worker.runUntil(() => work(runOnce));
  await connection.close();
}
