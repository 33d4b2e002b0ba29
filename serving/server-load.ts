import type { Replica } from "../schemas/replica.ts";

/** Asks this process what it takes: memory now, cores since it was last asked. @returns given the rows that wait for the model now */
export function loadMeter(now: () => number = () => performance.now()): (queued: number) => NonNullable<Replica["load"]> {
  let [at, used] = [now(), process.cpuUsage()];
  return (queued) => {
    const [before, since] = [used, at];
    [at, used] = [now(), process.cpuUsage()];
    const busyMs = (used.user - before.user + used.system - before.system) / 1_000;
    return { rssBytes: process.memoryUsage.rss(), cpu: at > since ? busyMs / (at - since) : 0, queued };
  };
}
