import { Worker } from "node:worker_threads";
import { failureTypeOf } from "./failures.ts";

/** Sent to a whole group, by a terminal's Ctrl-C or by whoever stops a service. The parent decides when its children are done. */
const groupSignals = ["SIGINT", "SIGTERM"] as const;

/**
 * The child's side of `spawnChild`: answers each request with what `handle` returns or throws.
 * A thread of its own ends this process when its parent is gone, also while the main thread hangs in native code.
 */
export function serveChild(handle: (message: unknown) => unknown): void {
  new Worker(orphanWatch, { eval: true, workerData: process.ppid, execArgv: [], stdout: false, stderr: false }).unref();
  // An exit waits for native threads, and ends the watch before: a statement that runs on would outlive its parent.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  for (const signal of groupSignals) process.on(signal, () => undefined);
  process.on("message", (request: { readonly id: number; readonly message: unknown }) => void reply(request, handle));
}

const orphanWatch = `
const { workerData } = require("node:worker_threads");
setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL"); }, 250);
`;

async function reply({ id, message }: { readonly id: number; readonly message: unknown }, handle: (message: unknown) => unknown): Promise<void> {
  try {
    process.send?.({ id, value: await handle(message) });
  } catch (error) {
    process.send?.({ id, error: { type: failureTypeOf(error), message: error instanceof Error ? error.message : String(error) } });
  }
}
