import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { readIfThere, writePrivately } from "./home-file.ts";
import { startTimeOf, withLock } from "./setup/lock.mjs";

/** A process that Relearn started and may end. `startedAt` is the system's own word for when, so a recycled id is never taken for it. */
const ownedProcess = z.strictObject({
  name: z.string(), pid: z.int().positive(), startedAt: z.string(), command: z.array(z.string()), at: z.string(),
  /** Whoever started it; absent in lists of before that was kept. */
  by: z.strictObject({ pid: z.int().positive(), startedAt: z.string() }).optional(),
});
export type OwnedProcess = Readonly<z.infer<typeof ownedProcess>>;

/** `<home>/processes.json`. */
const processList = z.strictObject({ version: z.literal(1), processes: z.array(ownedProcess) });

/** Held while the list is read and written anew, so that two commands never lose each other's processes. */
const listLock = (home: string): string => join(home, "processes.lock");
const listFile = (home: string): string => join(home, "processes.json");
export const logFile = (home: string, name: string): string => join(home, "logs", `${name}.log`);

export interface StartRequest {
  /** Names the process and its log; one process of a name at a time. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Gives it a standard input that closes when this process ends, whatever ends it; what it makes of that is its own affair. */
  readonly tellsOfOurEnd?: boolean;
}

/** Every process written down in this home, also those that have ended since. */
export function listOwned(home: string): readonly OwnedProcess[] {
  const text = readIfThere(listFile(home));
  return text === null ? [] : readJson(processList, text, listFile(home)).processes;
}

/** The running process of this name; null when it has ended, or when its id belongs to another process by now. */
export function findOwned(home: string, name: string): OwnedProcess | null {
  return listOwned(home).find((owned) => owned.name === name && isRunning(owned)) ?? null;
}

const self = () => ({ pid: process.pid, startedAt: startTimeOf(process.pid) ?? "ended" });

/** Whether this very process started it. */
export const isOurs = ({ by }: OwnedProcess): boolean => by !== undefined && isSame(by, self());

export const isRunning = (owned: Pick<OwnedProcess, "pid" | "startedAt">): boolean => startTimeOf(owned.pid) === owned.startedAt;

/**
 * Starts a process that outlives this one, in a process group of its own, its output in `<home>/logs/<name>.log`. A process of this
 * name that runs already is returned instead.
 * @throws RelearnError `SetupIncomplete` when the program cannot be started
 */
export function startOwned(home: string, request: StartRequest): Promise<OwnedProcess> {
  return withLock(listLock(home), async () => findOwned(home, request.name) ?? spawnOwned(home, request));
}

async function spawnOwned(home: string, request: StartRequest): Promise<OwnedProcess> {
  mkdirSync(join(home, "logs"), { recursive: true, mode: 0o700 });
  const log = openSync(logFile(home, request.name), "w", 0o600);
  const [program, ...args] = request.command;
  try {
    const child = spawn(program, args, { cwd: request.cwd ?? home, env: { ...request.env }, detached: true, stdio: [request.tellsOfOurEnd === true ? "pipe" : "ignore", log, log] });
    const { pid } = child;
    if (pid === undefined) throw await new Promise((resolve) => child.once("error", resolve));
    // Written down in the same turn: a crash of this process must not leave a server that nobody may end.
    const owned: OwnedProcess = { name: request.name, pid, startedAt: startTimeOf(pid) ?? "ended", command: [...request.command], at: new Date().toISOString(), by: self() };
    writeDownOrEnd(home, owned);
    child.unref();
    (child.stdin as Socket | null)?.unref();
    return owned;
  } catch (error) {
    throw new RelearnError("SetupIncomplete", `${request.name}: ${program} could not be started: ${(error as Error).message}`, { cause: error });
  } finally {
    closeSync(log);
  }
}

/** A process that cannot be written down (a full disk) could never be ended later, so it is ended now. */
function writeDownOrEnd(home: string, owned: OwnedProcess): void {
  try {
    writeList(home, [...listOwned(home).filter((other) => other.name !== owned.name), owned]);
  } catch (error) {
    signalGroup(owned, "SIGKILL");
    throw error;
  }
}

/**
 * Ends processes that were started here, and only them, with their whole groups: asked first, killed after `graceMs`.
 * @param names which; left out, all
 * @returns names of those that were running
 */
export async function stopOwned(home: string, options: { readonly names?: readonly string[]; readonly graceMs?: number } = {}): Promise<readonly string[]> {
  const listed = listOwned(home);
  const chosen = listed.filter((owned) => options.names?.includes(owned.name) ?? true);
  const running = chosen.filter(isRunning);
  await Promise.all(running.map((owned) => endGroup(owned, options.graceMs ?? 10_000)));
  if (listed.length > 0) await withLock(listLock(home), async () => writeList(home, listOwned(home).filter((owned) => !chosen.some((ended) => isSame(ended, owned)))));
  return running.map((owned) => owned.name);
}

const isSame = (a: Pick<OwnedProcess, "pid" | "startedAt">, b: Pick<OwnedProcess, "pid" | "startedAt">): boolean => a.pid === b.pid && a.startedAt === b.startedAt;

async function endGroup(owned: OwnedProcess, graceMs: number): Promise<void> {
  signalGroup(owned, "SIGTERM");
  if (await hasEnded(owned, graceMs)) return;
  signalGroup(owned, "SIGKILL");
  if (!(await hasEnded(owned, 5_000))) throw new RelearnError("SetupIncomplete", `${owned.name} (process ${owned.pid}) did not end within 5 s of SIGKILL: end it by hand`);
}

async function hasEnded(owned: OwnedProcess, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isRunning(owned)) {
    if (Date.now() >= deadline) return false;
    await sleep(25);
  }
  return true;
}

function signalGroup(owned: OwnedProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (!isRunning(owned)) return;
  try {
    process.kill(-owned.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The end of a process's log, for an error message. */
export function logTail(home: string, name: string, lines = 12): string {
  const text = readIfThere(logFile(home, name)) ?? "";
  return text.split("\n").filter((line) => line.trim() !== "").slice(-lines).map((line) => `  ${line.slice(0, 300)}`).join("\n");
}

function writeList(home: string, processes: readonly OwnedProcess[]): void {
  writePrivately(listFile(home), `${JSON.stringify({ version: 1, processes }, null, 2)}\n`);
}
