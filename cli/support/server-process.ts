import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseServingPort, noteServing } from "../../infra/local-stack.ts";
import { findOwned, isRunning, logFile, logTail, startOwned, stopOwned, type OwnedProcess } from "../../infra/owned-processes.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { withParent } from "../../schemas/parent-watch.ts";
import { loadServingSettings, urlOf } from "../../schemas/serving-settings.ts";
import { type Environment, environmentOf, readStack, type Settings } from "../../schemas/settings.ts";
import type { WorkerLife } from "./worker-process.ts";

const startMs = 30_000;
const startTries = 3;

export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  readonly started: boolean;
}

/** The server of this home: kept where it runs, else started; returns once it answers. @throws RelearnError `SetupIncomplete` */
export async function ensureServer(settings: Settings, env: Environment, signal: AbortSignal, life: WorkerLife): Promise<ServerProcess> {
  const running = findOwned(settings.home, "server");
  const url = readStack(settings.home)?.serving?.url;
  if (running !== null && url !== undefined) return { pid: running.pid, url, started: false };
  // One whose address was never written down was left by a start that was broken off.
  if (running !== null) await stopOwned(settings.home, { names: [running.name] });
  return startServer(settings, env, signal, life, startTries);
}

/** Whether a server answers at an address. */
export async function isLive(url: string): Promise<boolean> {
  return fetch(`${url}/v2/health/live`, { signal: AbortSignal.timeout(2_000) }).then((reply) => reply.ok, () => false);
}

async function startServer(settings: Settings, env: Environment, signal: AbortSignal, life: WorkerLife, triesLeft: number): Promise<ServerProcess> {
  const asked = env["RELEARN_SERVE_PORT"]?.trim() || null;
  const port = asked ?? String(await chooseServingPort(settings.home));
  const { host } = loadServingSettings({ ...env, RELEARN_SERVE_PORT: port });
  const server = await start(settings, { ...env, RELEARN_SERVE_PORT: port }, life);
  const url = urlOf(host, Number(port));
  for (const deadline = Date.now() + startMs; !(await isLive(url)); await sleep(50, undefined, { signal })) {
    if (!isRunning(server)) {
      // Somebody was quicker to take a port that was free a moment ago.
      if (asked === null && triesLeft > 1 && logTail(settings.home, server.name).includes("EADDRINUSE")) return startServer(settings, env, signal, life, triesLeft - 1);
      throw ended(settings.home, server);
    }
    if (Date.now() < deadline) continue;
    await stopOwned(settings.home, { names: [server.name], graceMs: 2_000 });
    throw new RelearnError("SetupIncomplete", `the server does not answer at ${url} within ${startMs / 1000} s; see ${logFile(settings.home, server.name)}`);
  }
  await noteServing(settings.home, url);
  return { pid: server.pid, url, started: true };
}

/** It needs S3 and no Temporal, so it gets no key of that one. */
async function start(settings: Settings, env: Environment, life: WorkerLife): Promise<OwnedProcess> {
  const program = join(settings.root, "dist", "serving", "main.js");
  if (!existsSync(program)) throw new RelearnError("SetupIncomplete", `${program} is missing: run \`npm run setup\` in ${settings.root}`);
  const { PATH, HOME, TMPDIR, LANG, NODE_OPTIONS, ...own } = env;
  const given = Object.entries({ ...own, ...environmentOf(settings) }).filter(([name]) => /^(RELEARN_|AWS_|OMP_)/.test(name));
  const tied = life === "with-this-process";
  return startOwned(settings.home, {
    name: "server", command: [process.execPath, program, ...(tied ? [withParent] : [])], cwd: settings.root, tellsOfOurEnd: tied,
    env: { PATH, HOME, TMPDIR, LANG, NODE_OPTIONS, ...Object.fromEntries(given), RELEARN_SERVE_PORT: env["RELEARN_SERVE_PORT"] },
  });
}

function ended(home: string, { name }: OwnedProcess): RelearnError {
  return new RelearnError("SetupIncomplete", `the server ended while it was starting; the end of ${logFile(home, name)}:\n${logTail(home, name)}`);
}
