import { setTimeout as sleep } from "node:timers/promises";
import type { ModelContract, ModelProcess } from "../inference/contract.ts";
import type { Champion } from "../schemas/commit.ts";

/** Loads a version: verified, warm, ready to answer. @throws why it cannot be. */
export type LoadVersion = (version: Champion, signal: AbortSignal) => Promise<ModelProcess>;

/** One version that is kept loaded: tried again where it does not load, started again where its process dies. */
export interface VersionRunner {
  readonly version: Champion;
  /** Null while it cannot answer. */
  readonly process: ModelProcess | null;
  /** Why it cannot, once that is known. */
  readonly failure: Error | null;
  /** Of the process that answers or last did. */
  readonly contract: ModelContract | null;
  /** Whether its process has died and another is being started at once: not after the second death in a row. */
  readonly restarting: boolean;
  /** The process that is being started. @param deadline `performance.now()` milliseconds. @returns null where there is none by then */
  restarted(deadline: number): Promise<ModelProcess | null>;
  /** Ends it after its last reply. */
  close(): Promise<void>;
}

export interface RunnerOptions {
  readonly load: LoadVersion;
  /** Called after each change of `process` and `failure`. */
  readonly changed: (runner: VersionRunner) => void;
  readonly pauses?: Pauses | undefined;
}

export interface Pauses {
  readonly firstMs: number;
  readonly mostMs: number;
  /** A process that lived this long starts again at once, whatever was before. */
  readonly steadyMs: number;
}

const defaultPauses: Pauses = { firstMs: 500, mostMs: 30_000, steadyMs: 60_000 };

/** How long to wait before the next try after so many in a row that came to nothing: none after the first death, then doubling. */
export function pauseBefore(misses: number, { firstMs, mostMs }: Pick<Pauses, "firstMs" | "mostMs">): number {
  return misses === 0 ? 0 : Math.min(mostMs, firstMs * 2 ** Math.min(misses - 1, 30));
}

export function runVersion(version: Champion, { load, changed, pauses = defaultPauses }: RunnerOptions): VersionRunner {
  const ending = new AbortController();
  const { signal } = ending;
  const runner = { version, process: null as ModelProcess | null, failure: null as Error | null, contract: null as ModelContract | null, restarting: false, restarted, close };
  let misses = 0;
  let settled = (): void => {};
  let settling: Promise<void> = Promise.resolve();

  const tell = (process: ModelProcess | null, failure: Error | null, restarting = false): void => {
    [runner.process, runner.failure] = [process, failure];
    runner.contract = process?.contract ?? runner.contract;
    if (restarting) settling = new Promise((resolve) => (settled = resolve));
    else settled();
    runner.restarting = restarting;
    if (!signal.aborted) changed(runner);
  };
  const runOnce = async (): Promise<void> => {
    const process = await load(version, signal);
    const began = Date.now();
    if (signal.aborted) return process.close();
    tell(process, null);
    const why = await process.ended;
    if (Date.now() - began >= pauses.steadyMs) misses = 0;
    tell(null, why, misses === 0 && !signal.aborted);
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await runOnce().catch((error: unknown) => {
        misses = Math.max(1, misses);
        tell(null, error as Error);
      });
      await sleep(pauseBefore(misses++, pauses), undefined, { signal }).catch(() => undefined);
    }
  };
  const running = run();

  async function restarted(deadline: number): Promise<ModelProcess | null> {
    const waiting = new AbortController();
    await Promise.race([settling, sleep(Math.max(0, deadline - performance.now()), undefined, { signal: waiting.signal }).catch(() => undefined)]);
    waiting.abort();
    return runner.process;
  }
  async function close(): Promise<void> {
    ending.abort();
    settled();
    await runner.process?.close();
    await running;
  }
  return runner;
}
