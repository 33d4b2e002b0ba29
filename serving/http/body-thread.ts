import { Worker } from "node:worker_threads";
import { childEntry } from "../../schemas/child-entry.ts";
import { type FailureType, RelearnError } from "../../schemas/failures.ts";
import type { BodyKind, BodyLimits, By, ReadOf } from "./body-readers.ts";

export interface ToThread {
  readonly id: number;
  readonly kind: BodyKind;
  readonly body: Uint8Array;
  readonly by: unknown;
  readonly limits: BodyLimits;
}
export type FromThread = { readonly id: number } & ({ readonly value: unknown; readonly error?: never } | { readonly error: { readonly type: FailureType | null; readonly message: string } });

/** A thread that reads large bodies, one after another. */
export interface BodyThread {
  /** @throws RelearnError as the reader of that kind does; `Overloaded` where the thread ran out of memory. */
  read<K extends BodyKind>(kind: K, body: Buffer, by: By<K>, limits: BodyLimits): Promise<ReadOf<K>>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Of the thread's own: one body of the most bytes and elements takes a quarter of it. */
const heapMegabytes = 1024;

/** A thread that nobody has asked for so long is ended: it keeps the memory of the largest body that it has read. */
const usualIdleMs = 30_000;

interface Running { readonly worker: Worker; readonly waiting: Map<number, Waiting> }

/** Starts with the first body, so that who gets none pays nothing; begins anew after it was ended, or died. */
export function bodyThread(idleMs = usualIdleMs): BodyThread {
  let ids = 0;
  let thread: Promise<Running> | null = null;
  let idle: NodeJS.Timeout | undefined;

  const end = async (): Promise<void> => {
    clearTimeout(idle);
    const ending = thread;
    thread = null;
    await (await ending?.catch(() => null))?.worker.terminate();
  };
  const start = (): Promise<Running> => {
    const forget = (): void => {
      if (thread === starting) thread = null;
    };
    const starting: Promise<Running> = startThread(forget);
    starting.catch(forget);
    return starting;
  };
  return {
    async read(kind, body, by, limits) {
      clearTimeout(idle);
      const { worker, waiting } = await (thread ??= start());
      const id = ids++;
      return new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, kind, body, by, limits } satisfies ToThread, isWhole(body) ? [body.buffer as ArrayBuffer] : []);
      }).finally(() => {
        if (waiting.size > 0) return;
        clearTimeout(idle);
        idle = setTimeout(() => waiting.size === 0 && void end(), idleMs).unref();
      }) as Promise<never>;
    },
    close: end,
  };
}

async function startThread(ended: () => void): Promise<Running> {
  const waiting = new Map<number, Waiting>();
  const worker = new Worker(await childEntry(import.meta.url, "body-thread-main"), { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
  const fail = (why: Error): void => {
    ended();
    for (const { reject } of waiting.values()) reject(why);
    waiting.clear();
  };
  worker.unref();
  worker.on("message", (reply: FromThread) => settle(waiting, reply));
  worker.on("error", (error: NodeJS.ErrnoException) => fail(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? new RelearnError("Overloaded", "there is not enough memory to read this body; send less at a time", { cause: error }) : error));
  worker.on("exit", () => fail(new RelearnError("NotReady", "the thread that reads large bodies has ended; try again")));
  return { worker, waiting };
}

function settle(waiting: Map<number, Waiting>, { id, error, ...reply }: FromThread): void {
  const one = waiting.get(id);
  waiting.delete(id);
  if (error !== undefined) one?.reject(error.type === null ? new Error(error.message) : new RelearnError(error.type, error.message));
  else one?.resolve((reply as { readonly value: unknown }).value);
}

/** Whether nothing else lies in a body's memory, so that it may be given away rather than copied. */
const isWhole = ({ buffer, byteLength }: Buffer): boolean => buffer.byteLength === byteLength;
