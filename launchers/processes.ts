import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const linux = process.platform === "linux";

/** A process that cannot be confused with a later one of the same id: `start` is its boot and start time. */
export interface ProcessId {
  readonly pid: number;
  readonly start: string;
}

/** True while exactly this process runs; a zombie has ended. */
export async function isAlive({ pid, start }: ProcessId): Promise<boolean> {
  return (await startOf(pid)) === start;
}

/** The counterpart of `process_start` in the trainers' `supervise.py`. */
async function startOf(pid: number): Promise<string | null> {
  if (!linux) return startByPs(pid);
  const [boot, fields] = await Promise.all([readFile("/proc/sys/kernel/random/boot_id", "utf8"), statFields(pid)]);
  return fields === null || fields[0] === "Z" || fields[0] === "X" ? null : `${boot.trim()}/${fields[19]}`;
}

/** The fields after the command's name, which is in brackets and may hold anything. */
async function statFields(pid: number | string): Promise<string[] | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => null);
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

async function startByPs(pid: number): Promise<string | null> {
  const [state, ...words] = (await ps(["-o", "stat=,lstart=", "-p", String(pid)])).trim().split(/\s+/);
  return state === undefined || state === "" || state.startsWith("Z") ? null : words.join(" ");
}

/** Ids of all living processes whose environment holds `name=value`, whatever session or parent they have. */
export async function processesWith(name: string, value: string): Promise<number[]> {
  const wanted = `${name}=${value}`;
  if (!linux) return processesWithByPs(wanted);
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(pids.map(async (pid) => ((await hasVariable(pid, wanted)) ? [Number(pid)] : [])));
  return found.flat();
}

async function hasVariable(pid: string, wanted: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  if (!`\0${environment}`.includes(`\0${wanted}\0`)) return false;
  return (await statFields(pid))?.[0] !== "Z";
}

async function processesWithByPs(wanted: string): Promise<number[]> {
  const lines = (await ps(["-A", "-E", "-ww", "-o", "pid=,command="])).split("\n");
  return lines.filter((line) => ` ${line} `.includes(` ${wanted} `)).map((line) => Number.parseInt(line, 10));
}

function ps(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    // No such process is exit code 1 with nothing printed, which is the answer.
    execFile("ps", args, { env: { LC_ALL: "C", PATH: "/bin:/usr/bin" }, timeout: 5_000, maxBuffer: 64 << 20 }, (_error, stdout) => resolve(stdout));
  });
}

/** Sends a signal; a process that has ended, or is somebody else's, is left alone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH or EPERM: nothing of ours is there.
  }
}

/** Kills until `living` finds nobody. @returns what still lives after `withinMs`. */
export async function killAll(living: () => Promise<number[]>, withinMs: number): Promise<number[]> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const left = await living();
    if (left.length === 0 || Date.now() > deadline) return left;
    for (const pid of left) signalProcess(pid, "SIGKILL");
    await sleep(10);
  }
}
