import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findOwned, isRunning, logFile, logTail, startOwned, type OwnedProcess } from "../../infra/owned-processes.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { noticesFile } from "../../schemas/notice-settings.ts";
import { withParent } from "../../schemas/parent-watch.ts";
import { type Environment, environmentOf, type Settings } from "../../schemas/settings.ts";
import { hasPollers } from "./pollers.ts";
import { withTemporal } from "./temporal.ts";

const startMs = 60_000;

/** How long a worker that is started lives: until somebody ends it, or no longer than this process. */
export type WorkerLife = "on-its-own" | "with-this-process";

/** The worker of this home: kept where it runs, else started; returns once it polls. @throws RelearnError `SetupIncomplete` */
export async function ensureWorker(settings: Settings, env: Environment, signal: AbortSignal, life: WorkerLife): Promise<{ readonly pid: number; readonly started: boolean }> {
  const running = findOwned(settings.home, "worker");
  const worker = running ?? (await start(settings, env, life));
  await withTemporal(settings, async (access) => {
    for (const deadline = Date.now() + startMs; ; await sleep(200, undefined, { signal })) {
      if (!isRunning(worker)) throw ended(settings.home, worker);
      if (await hasPollers(access, settings.temporal.namespace, running === null ? Date.parse(worker.at) : undefined)) return;
      if (Date.now() > deadline) throw new RelearnError("SetupIncomplete", `the worker does not poll within ${startMs / 1000} s; see ${logFile(settings.home, worker.name)}`);
    }
  });
  return { pid: worker.pid, started: running === null };
}

async function start(settings: Settings, env: Environment, life: WorkerLife): Promise<OwnedProcess> {
  const program = join(settings.root, "dist", "workers", "main.js");
  if (!existsSync(program)) throw new RelearnError("SetupIncomplete", `${program} is missing: run \`npm run setup\` in ${settings.root}`);
  const { PATH, HOME, TMPDIR, LANG, NODE_OPTIONS, ...own } = env;
  const given = Object.fromEntries(Object.entries(own).filter(([name]) => /^(RELEARN_|TEMPORAL_|AWS_|OMP_)/.test(name)));
  // A relative path would mean another file from where the worker runs.
  const notices = noticesFile(env);
  const tied = life === "with-this-process";
  return startOwned(settings.home, {
    name: "worker", command: [process.execPath, program, ...(tied ? [withParent] : [])], cwd: settings.root, tellsOfOurEnd: tied,
    env: { PATH, HOME, TMPDIR, LANG, NODE_OPTIONS, ...given, ...environmentOf(settings), ...(notices === null ? {} : { RELEARN_NOTICES: notices }) },
  });
}

function ended(home: string, { name }: OwnedProcess): RelearnError {
  return new RelearnError("SetupIncomplete", `the worker ended while it was starting; the end of ${logFile(home, name)}:\n${logTail(home, name)}`);
}
