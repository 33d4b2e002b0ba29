import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { choosePort } from "../../infra/local-stack.ts";
import { findOwned, isRunning, logFile, logTail, startOwned, stopOwned, type OwnedProcess } from "../../infra/owned-processes.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { withParent } from "../../schemas/parent-watch.ts";
import { urlOf } from "../../schemas/serving-settings.ts";
import { type Environment, environmentOf, type Settings } from "../../schemas/settings.ts";
import type { WorkerLife } from "./worker-process.ts";

const startMs = 30_000;
const startTries = 3;

/** A process of this home that listens on a port of its own. */
export interface Listening {
  readonly name: "server" | "gateway";
  /** Below dist/, with its arguments. */
  readonly program: readonly [string, ...string[]];
  /** Names the port in ports.json. */
  readonly port: "serving" | "gateway";
  readonly portVariable: string;
  /** What of the environment it is given. */
  readonly given: RegExp;
  /** Variables that name files, which a relative path would mean elsewhere from where it runs. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly hostOf: (env: Environment) => string;
  /** Answers with 200 while it lives. */
  readonly livePath: string;
  /** Where it answers, as stack.json has it. */
  readonly known: () => string | undefined;
  readonly note: (url: string) => Promise<void>;
}

export interface ListeningProcess {
  readonly pid: number;
  readonly url: string;
  readonly started: boolean;
}

interface Start {
  readonly settings: Settings;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly life: WorkerLife;
}

/** The process of this home: kept where it runs, else started; returns once it answers. @throws RelearnError `SetupIncomplete` */
export async function ensureListening(what: Listening, start: Start): Promise<ListeningProcess> {
  const { home } = start.settings;
  const running = findOwned(home, what.name);
  const url = what.known();
  if (running !== null && url !== undefined) return { pid: running.pid, url, started: false };
  // One whose address was never written down was left by a start that was broken off.
  if (running !== null) await stopOwned(home, { names: [running.name] });
  return startListening(what, start, startTries);
}

/** Whether a process answers at an address. */
export async function answersAt(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then((reply) => reply.ok, () => false);
}

async function startListening(what: Listening, start: Start, triesLeft: number): Promise<ListeningProcess> {
  const { settings: { home }, signal } = start;
  const asked = portAsked(start.env[what.portVariable]);
  const port = asked ?? String(await choosePort(home, what.port));
  const env = { ...start.env, [what.portVariable]: port };
  const url = urlOf(what.hostOf(env), Number(port));
  const process = await spawned(what, { ...start, env });
  for (const deadline = Date.now() + startMs; !(await answersAt(`${url}${what.livePath}`)); await sleep(50, undefined, { signal })) {
    if (!isRunning(process)) {
      // Somebody was quicker to take a port that was free a moment ago.
      if (asked === null && triesLeft > 1 && logTail(home, process.name).includes("EADDRINUSE")) return startListening(what, start, triesLeft - 1);
      throw ended(home, process);
    }
    if (Date.now() < deadline) continue;
    await stopOwned(home, { names: [process.name], graceMs: 2_000 });
    throw new RelearnError("SetupIncomplete", `the ${what.name} does not answer at ${url} within ${startMs / 1000} s; see ${logFile(home, process.name)}`);
  }
  await what.note(url);
  return { pid: process.pid, url, started: true };
}

/** Null, so that one is chosen and known, where none is named or any will do (0). */
function portAsked(text: string | undefined): string | null {
  const port = text?.trim() ?? "";
  return /^0*$/.test(port) ? null : port;
}

async function spawned({ name, program: [file, ...args], portVariable, given, files }: Listening, { settings, env, life }: Start): Promise<OwnedProcess> {
  const program = join(settings.root, "dist", file);
  if (!existsSync(program)) throw new RelearnError("SetupIncomplete", `${program} is missing: run \`npm run setup\` in ${settings.root}`);
  const { PATH, HOME, TMPDIR, LANG, NODE_OPTIONS, ...own } = env;
  const passed = Object.entries({ ...own, ...environmentOf(settings) }).filter(([variable]) => given.test(variable));
  const named = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== null);
  const tied = life === "with-this-process";
  return startOwned(settings.home, {
    name, command: [process.execPath, program, ...args, ...(tied ? [withParent] : [])], cwd: settings.root, tellsOfOurEnd: tied,
    env: { PATH, HOME, TMPDIR, LANG, NODE_OPTIONS, ...Object.fromEntries([...passed, ...named]), [portVariable]: env[portVariable] },
  });
}

function ended(home: string, { name }: OwnedProcess): RelearnError {
  return new RelearnError("SetupIncomplete", `the ${name} ended while it was starting; the end of ${logFile(home, name)}:\n${logTail(home, name)}`);
}
