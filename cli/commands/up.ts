import { startStack, stopStack } from "../../infra/local-stack.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { Cli } from "../support/cli.ts";
import { interrupted, interruptible } from "../support/interrupt.ts";
import { ensureWorker } from "../support/worker-process.ts";

/** Starts Temporal, S3 and a worker, and returns when all answer; without `--detach` it stays, Ctrl-C stops them, and its worker lives no longer than it does. */
export async function up(cli: Cli, options: { readonly detach?: boolean }): Promise<number> {
  const settings = await cli.settings();
  return interruptible(cli, (signal) => start(cli, settings, options, signal).catch(async (error: unknown) => {
    if (!signal.aborted) throw error;
    await stopStack(settings, { onProgress: (line) => cli.say(line) });
    return interrupted;
  }));
}

async function start(cli: Cli, settings: Settings, options: { readonly detach?: boolean }, signal: AbortSignal): Promise<number> {
  const running = await startStack(settings, { onProgress: (line) => cli.say(cli.style.dim(line)), signal });
  const worker = await ensureWorker(running.settings, cli.env, signal, options.detach === true ? "on-its-own" : "with-this-process");
  cli.say(cli.style.dim(worker.started ? `worker answers (process ${worker.pid})` : `worker was already running (process ${worker.pid})`));
  const { temporal, s3 } = running.stack;
  cli.give({ ...running.stack, worker: worker.pid }, [
    `Temporal  ${temporal.address}${temporal.ui === null ? "   (TEMPORAL_UI_URL names its UI, for links)" : `   ${temporal.ui}`}`,
    `S3        ${s3.endpoint ?? "AWS"}/${s3.bucket}`,
    `state     ${settings.home}`,
  ].join("\n"));
  cli.say(cli.style.dim(options.detach === true ? "next: relearn run <definition>     stop with: relearn down" : "Ctrl-C stops them"));
  if (options.detach === true) return 0;
  await untilAborted(signal);
  await stopStack(settings, { onProgress: (line) => cli.say(line) });
  return 0;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
  clearInterval(alive);
}
