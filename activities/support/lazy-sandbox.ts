import { openSandbox } from "../../tables/sql-child.ts";
import type { Sandbox, SandboxOptions } from "../../tables/sql-child.ts";

/** How many statements ingest runs side by side: small partitions leave a core half idle. */
export const prepareLanes = 3;

/** A sandbox that starts when it is first asked for: an unchanged run never needs one. */
export interface LazySandbox {
  open(): Promise<Sandbox>;
  /** Starts it without waiting: a failure is met where it is used. */
  warm(): void;
  /** Works on a lane that nobody else uses meanwhile, once one is free. */
  inLane<T>(work: (lane: Sandbox) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function lazySandbox(options: SandboxOptions): LazySandbox {
  let opened: Promise<Sandbox> | null = null;
  const free = Array.from({ length: prepareLanes }, (_, i) => i);
  const waiting: (() => void)[] = [];
  const open = (): Promise<Sandbox> => (opened ??= openSandbox({ lanes: prepareLanes, ...options }));
  return {
    open,
    warm: () => void open().catch(() => undefined),
    async inLane(work) {
      while (free.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      const lane = free.pop()!;
      try {
        return await work((await open()).lane(lane));
      } finally {
        free.push(lane);
        waiting.shift()?.();
      }
    },
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}
