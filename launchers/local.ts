import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { RelearnError } from "../schemas/failures.ts";
import type { JobHandle, JobSpec } from "../schemas/job.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { cancelledResult, createResult, jobKey, readResult, readStatus, readTail, viewOfResult } from "./job-objects.ts";
import type { JobView, Launcher } from "./launcher.ts";
import { isAlive, killAll, processesWith, signalProcess, type ProcessId } from "./processes.ts";

export interface LocalLauncherOptions {
  /** Folder for what the jobs on this machine need; each gets `<home>/jobs/<id>/`. */
  readonly home: string;
  readonly store: ObjectStore;
  /** The Python that has the trainers' packages; `python` in a trainer's command is this one. */
  readonly python: string;
  /** The folder that holds the package `relearn_trainers`. */
  readonly packages: string;
  /** The wrapper's whole environment: PATH and the like, RELEARN_S3_ENDPOINT, AWS_*. The trainer sees no credential of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a trainer may take to end itself after SIGTERM; default 10 s. */
  readonly graceSeconds?: number;
}

interface Spawned {
  readonly pid: number | undefined;
  readonly end: Promise<number | Error>;
}

const mark = "RELEARN_JOB_MARK";
const startsWithinMs = 30_000;
const killsWithinMs = 15_000;
const processRecord = z.object({ pid: z.int(), start: z.string(), attempt: z.int() });

/**
 * Trains in a detached process on this machine, which outlives the worker that started it. The wrapper holds a file lock for its
 * life, so of any number of submits one trains; every process of a trainer carries a mark in its environment, so none is missed.
 */
export function localLauncher(options: LocalLauncherOptions): Launcher {
  const { store, python, packages, graceSeconds = 10 } = options;
  const home = resolve(options.home);
  const folderOf = (job: string): string => join(home, "jobs", job);
  const markOf = (job: string): string => `${createHash("sha256").update(home).digest("hex").slice(0, 12)}-${job}`;
  const handleOf = (job: string, native: string): JobHandle => ({ launcher: "local", job, native });
  const starting = new Map<string, Promise<JobHandle>>();

  const living = async (job: string): Promise<number[]> => {
    const [found, marked] = await Promise.all([alive(folderOf(job)), processesWith(mark, markOf(job))]);
    return [...new Set([...(found === null ? [] : [found.pid]), ...marked])];
  };

  const start = async (spec: JobSpec, signal?: AbortSignal): Promise<JobHandle> => {
    const folder = folderOf(spec.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const running = await alive(folder);
    if (running !== null) return handleOf(spec.id, String(running.pid));
    if ((await readResult(store, spec.id, signal)) !== null) return handleOf(spec.id, "ended");
    await endLeftovers(spec.id);
    signal?.throwIfAborted();
    return handleOf(spec.id, await waitForStart(spec.id, await spawnWrapper(spec.id)));
  };

  const endLeftovers = async (job: string): Promise<void> => {
    // Asked again each round: another worker may have started the next attempt meanwhile, and its trainer carries the same mark.
    const leftovers = async (): Promise<number[]> => ((await alive(folderOf(job))) === null ? processesWith(mark, markOf(job)) : []);
    const left = await killAll(leftovers, killsWithinMs);
    if (left.length > 0) throw new RelearnError("JobLost", `job ${job}: processes ${left.join(", ")} of an earlier attempt cannot be killed; end them by hand`);
  };

  const spawnWrapper = async (job: string): Promise<Spawned> => {
    const output = await open(join(folderOf(job), "wrapper.log"), "w", 0o600);
    try {
      const child = spawn(python, ["-m", "relearn_trainers.job"], {
        cwd: folderOf(job),
        detached: true,
        stdio: ["ignore", output.fd, output.fd],
        env: {
          ...options.env,
          PYTHONPATH: [packages, options.env["PYTHONPATH"]].filter(Boolean).join(":"),
          RELEARN_JOB: `s3://${store.bucket}/${jobKey(job, "spec.json")}`,
          RELEARN_JOB_HOME: folderOf(job),
          RELEARN_TRAINER_MARK: markOf(job),
          RELEARN_GRACE_SECONDS: String(graceSeconds),
        },
      });
      child.unref();
      return { pid: child.pid, end: ended(child) };
    } finally {
      await output.close();
    }
  };

  /** Ours, or whoever won the lock before it, has said that it runs; or it has ended, which is the wrapper's to explain. */
  const waitForStart = async (job: string, child: Spawned): Promise<string> => {
    const deadline = Date.now() + startsWithinMs;
    while (Date.now() < deadline) {
      const running = await readProcess(folderOf(job));
      if (running !== null && (running.pid === child.pid || (await isAlive(running)))) return String(running.pid);
      const why = await Promise.race([child.end, sleep(10, "running" as const)]);
      if (why === "running") continue;
      if (why instanceof Error) throw new RelearnError("SetupIncomplete", `cannot start ${python}: ${why.message}; run the set-up again`, { cause: why });
      if ((await alive(folderOf(job))) === null) return "ended";
    }
    throw new RelearnError("JobLost", `job ${job} did not start within ${startsWithinMs / 1000} s; see ${folderOf(job)}/wrapper.log`);
  };

  /** The result counts first, and again after nobody lives: the wrapper may have written it and ended in between. */
  const poll = async ({ job }: JobHandle, signal?: AbortSignal): Promise<JobView> => {
    const result = await readResult(store, job, signal);
    if (result !== null) return viewOfResult(result);
    if ((await alive(folderOf(job))) !== null) {
      const status = await readStatus(store, job, signal);
      return { state: "running", progress: status?.state === "running" ? status.progress : null, reason: null };
    }
    await endLeftovers(job);
    const late = await readResult(store, job, signal);
    return late === null ? { state: "lost", progress: null, reason: await lostReason(job) } : viewOfResult(late);
  };

  const lostReason = async (job: string): Promise<string> => {
    const printed = (await readEnd(join(folderOf(job), "wrapper.log"), 2_000)).trim();
    return `job ${job} ended without a result${printed === "" ? "; its process was killed or the machine restarted" : `: ${printed}`}`;
  };

  /** The result comes first: whoever writes it decides, and a wrapper that starts now finds it and ends. */
  const cancel = async ({ job }: JobHandle): Promise<void> => {
    await createResult(store, await cancelledResult(store, job));
    const running = await alive(folderOf(job));
    if (running !== null) await endGently(running, graceSeconds * 1000 + 2_000);
    const left = await killAll(() => living(job), killsWithinMs);
    if (left.length > 0) throw new RelearnError("JobLost", `job ${job}: processes ${left.join(", ")} do not end after SIGKILL; look at them with ps`);
    await rm(join(folderOf(job), "scratch"), { recursive: true, force: true });
  };

  return {
    name: "local",
    poll,
    cancel,
    submit: (spec, signal) => {
      const begun = starting.get(spec.id) ?? start(spec, signal).finally(() => starting.delete(spec.id));
      starting.set(spec.id, begun);
      return begun;
    },
    logs: ({ job }, maxBytes) => readTail(store, jobKey(job, "log.txt"), maxBytes),
  };
}

async function endGently(running: ProcessId, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  signalProcess(running.pid, "SIGTERM");
  while (Date.now() < deadline && (await isAlive(running))) await sleep(20);
}

async function readProcess(folder: string): Promise<ProcessId | null> {
  const text = await readFile(join(folder, "process.json"), "utf8").catch(() => null);
  if (text === null) return null;
  const found = processRecord.safeParse(JSON.parse(text));
  return found.success ? found.data : null;
}

async function alive(folder: string): Promise<ProcessId | null> {
  const found = await readProcess(folder);
  return found !== null && (await isAlive(found)) ? found : null;
}

/** How a child ended, or the error that kept it from starting. Never rejects. */
function ended(child: ChildProcess): Promise<number | Error> {
  return new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code) => resolve(code ?? -1));
  });
}

async function readEnd(path: string, bytes: number): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.slice(-bytes);
}
