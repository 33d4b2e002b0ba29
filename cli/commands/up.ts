import { settleBoth, startStack, stopStack } from "../../infra/local-stack.ts";
import { isRunning, listOwned } from "../../infra/owned-processes.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { Cli } from "../support/cli.ts";
import { interrupted, interruptible } from "../support/interrupt.ts";
import { ensureGateway } from "../support/gateway-process.ts";
import { ensureServer } from "../support/server-process.ts";
import { ensureWorker } from "../support/worker-process.ts";

/** Starts Temporal, S3, a worker, a server and a gateway, and returns when all answer; without `--detach` it stays, Ctrl-C stops those that it started, and its worker, server and gateway live no longer than it does. */
export async function up(cli: Cli, options: { readonly detach?: boolean }): Promise<number> {
  const settings = await cli.settings();
  return interruptible(cli, (signal) => start(cli, settings, options, signal).catch(async (error: unknown) => {
    if (!signal.aborted) throw error;
    await stopOurs(cli, settings);
    return interrupted;
  }));
}

/** What another command has started may be in use. */
async function stopOurs(cli: Cli, settings: Settings): Promise<void> {
  await stopStack(settings, { onProgress: (line) => cli.say(line), onlyOurs: true });
  const left = listOwned(settings.home).filter(isRunning).map(({ name }) => name);
  if (left.length > 0) cli.say(`left running, as another command started it: ${left.sort().join(", ")}. Stop all with: relearn down`);
}

async function start(cli: Cli, settings: Settings, options: { readonly detach?: boolean }, signal: AbortSignal): Promise<number> {
  const running = await startStack(settings, { onProgress: (line) => cli.say(cli.style.dim(line)), signal });
  const life = options.detach === true ? "on-its-own" : "with-this-process";
  const [worker, [server, gateway]] = await settleBoth(ensureWorker(running.settings, cli.env, signal, life), settleBoth(ensureServer(running.settings, cli.env, signal, life), ensureGateway(running.settings, cli.env, signal, life)));
  for (const [name, { started, pid }] of [["worker", worker], ["server", server], ["gateway", gateway]] as const) cli.say(cli.style.dim(started ? `${name} answers (process ${pid})` : `${name} was already running (process ${pid})`));
  const { temporal, s3 } = running.stack;
  cli.give({ ...running.stack, serving: { url: server.url }, gateway: { url: gateway.url }, worker: worker.pid, server: server.pid }, [
    `Temporal  ${temporal.address}${temporal.ui === null ? "   (TEMPORAL_UI_URL names its UI, for links)" : `   ${temporal.ui}`}`,
    `S3        ${s3.endpoint ?? "AWS"}/${s3.bucket}`,
    `serving   ${server.url}`,
    `gateway   ${gateway.url}   (its token: \`gateway.webhookToken\` in stack.json)`,
    `state     ${settings.home}`,
  ].join("\n"));
  cli.say(cli.style.dim(options.detach === true ? "next: relearn run <definition>     stop with: relearn down" : "Ctrl-C stops what was started here"));
  if (options.detach === true) return 0;
  await untilAborted(signal);
  await stopOurs(cli, settings);
  return 0;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
  clearInterval(alive);
}
