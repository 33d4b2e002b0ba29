import { RelearnError } from "../../../schemas/failures.ts";
import type { MemoryBucket } from "../../../stores/memory-object-store.ts";
import type { ObjectStore, PutOptions } from "../../../stores/object-store.ts";
import type { Scheduler } from "./scheduler.ts";

/** The process is gone: whatever it was doing, nobody hears of it. */
export class Crash extends Error {}

export interface FaultBudget {
  left: number;
  readonly rate: number;
}

/** One worker process's view of the bucket: requests wait, get lost, are applied without an answer, or arrive after their time. */
export function faultyClient(bucket: MemoryBucket, scheduler: Scheduler, budget: FaultBudget, becomeZombie: () => void): ObjectStore {
  const strikes = (): boolean => budget.left > 0 && scheduler.chance(budget.rate) && budget.left-- > 0;
  const real = bucket.connect();
  const unreachable = () => new RelearnError("StoreUnavailable", "simulated");
  const onTheWay = async (): Promise<void> => {
    await scheduler.turn();
    if (!strikes()) return;
    const fate = scheduler.pick(["crash", "unreachable", "zombie"] as const);
    if (fate === "crash") throw new Crash();
    if (fate === "unreachable") throw unreachable();
    becomeZombie();
    for (let i = 0; i < 30; i++) await scheduler.turn();
  };
  const onTheWayBack = (): void => {
    if (!strikes()) return;
    throw scheduler.chance(0.5) ? unreachable() : new Crash();
  };
  const arriveLate = async (key: string, body: Uint8Array, options?: PutOptions): Promise<void> => {
    for (let i = scheduler.pick([1, 5, 20]); i > 0; i--) await scheduler.turn();
    await real.put(key, body, options);
  };
  const matters = (key: string): boolean => key.includes("/log/") || key.includes("/head") || scheduler.chance(0.1);
  return {
    ...real,
    async get(key, options) {
      if (!matters(key) || scheduler.chance(0.5)) return real.get(key, options);
      await onTheWay();
      const found = await real.get(key, options);
      onTheWayBack();
      return found;
    },
    async put(key, body, options) {
      if (!matters(key)) return real.put(key, body, options);
      await onTheWay();
      if (strikes() && scheduler.chance(0.3)) {
        void arriveLate(key, body, options);
        throw unreachable();
      }
      const outcome = await real.put(key, body, options);
      onTheWayBack();
      return outcome;
    },
  };
}
