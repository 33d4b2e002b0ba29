import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface SteadyJob {
  /** Asked in turn. */
  readonly urls: readonly string[];
  readonly bodies: readonly string[];
  /** Requests a second, of all together. */
  readonly rate: number;
}

export interface SteadySeen {
  /** Milliseconds from the sending of a request to its whole answer. */
  readonly times: readonly number[];
  /** Requests that got another answer than 200, or none, a line each. */
  readonly failed: readonly string[];
  /** Answers of a version that was no champion, or not any more. */
  readonly wrong: readonly string[];
  /** Most that a request was sent after it was due: what this machine took from the client. */
  readonly lateMs: number;
}

export type SteadyOrder = ({ readonly kind: "start" } & SteadyJob) | { readonly kind: "champion"; readonly digest: string } | { readonly kind: "take" } | { readonly kind: "stop" };
export type SteadyMessage = { readonly kind: "seen"; readonly seen: SteadySeen } | { readonly kind: "first"; readonly server: number; readonly place: number; readonly at: number };

export interface SteadyClient {
  start(job: SteadyJob): void;
  /** To be told before it is promoted, or gone back to. @returns its place, for `answered` */
  champion(digest: string): number;
  /** When each server gave its first answer of this champion, milliseconds since 1970. @throws after `patienceMs` */
  answered(place: number): Promise<readonly number[]>;
  /** What was seen since the last time. */
  take(): Promise<SteadySeen>;
  /** Sends no more, and waits for what is under way. */
  stop(): Promise<SteadySeen>;
  close(): void;
}

const patienceMs = 60_000;

/** Sends requests at a steady rate from a process of its own, and holds each answer against who was champion. */
export function startSteadyClient(servers: number): SteadyClient {
  const child = fork(fileURLToPath(new URL("steady-client-main.js", import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const order = (message: SteadyOrder): unknown => child.send(message);
  const firsts: (number | undefined)[][] = [];
  const waiting = new Set<() => void>();
  let told: ((seen: SteadySeen) => void) | null = null;
  child.on("message", (message: SteadyMessage) => {
    if (message.kind === "seen") return told?.(message.seen);
    firsts[message.place]![message.server] ??= message.at;
    for (const look of waiting) look();
  });
  const asked = (kind: "take" | "stop"): Promise<SteadySeen> => new Promise((resolve, reject) => {
    told = resolve;
    child.once("exit", () => reject(new Error("the process that sends requests has ended")));
    order({ kind });
  });
  return {
    start: (job) => void order({ kind: "start", ...job }),
    champion(digest) {
      order({ kind: "champion", digest });
      return firsts.push(Array.from({ length: servers }, () => undefined)) - 1;
    },
    answered: (place) => new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`a new champion did not answer on ${servers} servers within ${patienceMs / 1_000} s`));
      }, patienceMs);
      const look = (): void => {
        const times = firsts[place]!.filter((time) => time !== undefined);
        if (times.length < servers) return;
        waiting.delete(look);
        clearTimeout(late);
        resolve(times);
      };
      waiting.add(look);
      look();
    }),
    take: () => asked("take"),
    stop: () => asked("stop"),
    close: () => void child.kill(),
  };
}
