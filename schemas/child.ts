import { execFile, fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { pipeDescriptor } from "./child-pipe.ts";
import { RelearnError, failureTypeOf } from "./failures.ts";

export interface ChildOptions {
  /** What it does, for messages: "the SQL sandbox". */
  readonly title: string;
  /** A path made by `childEntry`, whose module calls `serveChild`. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** Resident memory above which the child is killed. */
  readonly memoryBytes: number;
  /** Added to the few variables a child gets; credentials are never among those. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ceiling of the child's own JavaScript heap; default 512 MiB. */
  readonly heapMegabytes?: number;
  /** A pipe of raw bytes beside the messages, both ways: five times quicker there and back than a message (20 us against 110 us). */
  readonly pipe?: boolean;
}

export interface RequestOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why a child ended before it answered. */
export type ChildEnd = "deadline" | "memory" | "cancelled" | "exit" | "closed";

/** A child that was killed or died; `end` says why. Errors that the child's handler threw are not of this kind. */
export class ChildFailure extends Error {
  override readonly name = "ChildFailure";
  readonly end: ChildEnd;
  readonly stderr: string;

  constructor(end: ChildEnd, message: string, stderr: string) {
    super(message);
    this.end = end;
    this.stderr = stderr;
  }
}

/** A process apart that answers requests. Any deadline, ceiling or cancellation ends it with SIGKILL: it cannot be trusted to stop by itself. */
export interface Child {
  readonly pid: number;
  /** Null where none was asked for. */
  readonly pipe: Duplex | null;
  /**
   * Values cross by structured clone, so typed arrays go as bytes.
   * @throws ChildFailure when it is killed or dies; RelearnError or Error as its handler threw it.
   */
  request(message: unknown, options: RequestOptions): Promise<unknown>;
  /** Resident bytes now; null where they cannot be read. */
  memory(): number | null;
  /** Highest resident bytes seen. */
  peakMemory(): number;
  /** Why it ended, once it has. */
  readonly ended: Promise<ChildFailure>;
  kill(end?: ChildEnd): void;
  /** Ends it and waits until it is gone. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly settle: () => void;
}

interface Reply { readonly id: number; readonly value?: unknown; readonly error?: { readonly type: string | null; readonly message: string } }

const passedOn = ["PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "NODE_ENV", "SystemRoot"];
const stderrTail = 8_192;
const watchMs = 25;

/** Starts a child, or takes the one that stands by. It ends with this process, even when it hangs in native code (see `serveChild`). */
export function spawnChild(options: ChildOptions): Child {
  return superviseChild(takeStandby(options) ?? start(options), options);
}

type Start = Pick<ChildOptions, "entry" | "args" | "env" | "heapMegabytes" | "pipe">;

function start({ entry, args = [], env = {}, heapMegabytes = 512, pipe = false }: Start): ChildProcess {
  return fork(entry, [...args], {
    execArgv: ["--enable-source-maps", `--max-old-space-size=${heapMegabytes}`], env: childEnvironment(env), serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc", ...(pipe ? ["pipe" as const] : [])],
  });
}

/** Children that were started ahead, by what they were started with. */
const standbys = new Map<string, { readonly child: ChildProcess; readonly end: () => void }>();
const standbyMs = 60_000;
const startKey = ({ entry, args, env, heapMegabytes, pipe }: Start): string => JSON.stringify([entry, args ?? [], env ?? {}, heapMegabytes ?? 512, pipe ?? false]);

/**
 * Starts a child that will soon be wanted, so that loading its libraries (a quarter of a second) falls into a time of waiting.
 * The next `spawnChild` with the same start takes it; one that nobody takes ends after a minute. One a kind stands by.
 */
export function standbyChild(options: Start): void {
  const key = startKey(options);
  if (standbys.has(key)) return;
  const child = start(options);
  const end = (): void => {
    clearTimeout(timer);
    standbys.delete(key);
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), standbyMs).unref();
  child.once("exit", end).once("error", end);
  refer(child, "unref");
  standbys.set(key, { child, end });
}

/** What stands by keeps no process from ending; what is used does. */
function refer(child: ChildProcess, how: "ref" | "unref"): void {
  child[how]();
  child.channel?.[how]();
  (child.stderr as Socket | null)?.[how]();
  (pipeOf(child) as Socket | null)?.[how]();
}

const pipeOf = (child: ChildProcess): Duplex | null => (child.stdio[pipeDescriptor] as Duplex | null | undefined) ?? null;

function takeStandby(options: Start): ChildProcess | null {
  const standby = standbys.get(startKey(options));
  if (standby === undefined) return null;
  const { child, end } = standby;
  end();
  child.off("exit", end).off("error", end);
  refer(child, "ref");
  return child.connected && child.exitCode === null && child.signalCode === null ? child : null;
}

function childEnvironment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const kept = passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  return { ...Object.fromEntries(kept), ...extra };
}

function superviseChild(child: ChildProcess, options: ChildOptions): Child {
  const waiting = new Map<number, Waiting>();
  let ids = 0;
  let peak = 0;
  let stderr = "";
  let failure: ChildFailure | null = null;
  let announce: (failure: ChildFailure) => void = () => {};
  const ended = new Promise<ChildFailure>((resolve) => (announce = resolve));

  const fail = (end: ChildEnd, message: string) => {
    failure ??= new ChildFailure(end, `${options.title} ${message}`, stderr);
    for (const one of waiting.values()) one.reject(failure);
  };
  const kill = (end: ChildEnd = "closed", message = endings[end]) => {
    fail(end, message);
    child.kill("SIGKILL");
  };
  const watch = setInterval(() => {
    const now = residentBytes(child.pid);
    peak = Math.max(peak, now ?? 0);
    if (now !== null && now > options.memoryBytes) kill("memory", `used ${megabytes(now)} MiB of memory; its ceiling is ${megabytes(options.memoryBytes)} MiB`);
  }, watchMs);
  watch.unref();

  child.stderr?.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString("utf8")).slice(-stderrTail)));
  child.on("error", (error) => fail("exit", `could not be started: ${error.message}`));
  child.on("message", (reply: Reply) => answer(waiting.get(reply.id), reply));
  child.once("close", (code, signal) => {
    clearInterval(watch);
    fail("exit", `ended unasked (${signal ?? `exit code ${code}`})${stderr === "" ? "" : `: ${lastLine(stderr)}`}`);
    announce(failure!);
  });

  const request = (message: unknown, { deadlineMs, signal }: RequestOptions) => new Promise<unknown>((resolve, reject) => {
    if (failure !== null) return reject(failure);
    if (signal?.aborted) {
      kill("cancelled");
      return reject(failure);
    }
    const id = ++ids;
    const onAbort = () => kill("cancelled");
    const timer = setTimeout(() => kill("deadline", `did not answer within ${deadlineMs / 1000} s`), deadlineMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      waiting.delete(id);
    };
    waiting.set(id, { settle, resolve: (value) => (settle(), resolve(value)), reject: (error) => (settle(), reject(error)) });
    child.send({ id, message }, (error) => error && kill("exit", `could not be reached: ${error.message}`));
  });

  return {
    pid: child.pid ?? -1,
    pipe: pipeOf(child),
    request,
    memory: () => residentBytes(child.pid),
    peakMemory: () => peak,
    ended,
    kill,
    close: async () => {
      kill("closed");
      await ended;
    },
  };
}

const endings: Readonly<Record<ChildEnd, string>> = {
  deadline: "did not answer in time",
  memory: "used too much memory",
  cancelled: "was cancelled",
  exit: "ended unasked",
  closed: "was closed",
};

function answer(one: Waiting | undefined, reply: Reply): void {
  if (one === undefined) return;
  if (reply.error === undefined) return one.resolve(reply.value);
  const type = failureTypeOf(reply.error);
  one.reject(type === null ? new Error(reply.error.message) : new RelearnError(type, reply.error.message));
}

const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";

function residentBytes(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== "linux") return pollElsewhere(pid);
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return null;
  }
}

const elsewhere = new Map<number, number>();

/** Without /proc the last answer of `ps` stands in, asked again each time. */
function pollElsewhere(pid: number | undefined): number | null {
  if (pid === undefined) return null;
  void promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]).then(({ stdout }) => elsewhere.set(pid, Number(stdout) * 1024), () => elsewhere.delete(pid));
  return elsewhere.get(pid) ?? null;
}
