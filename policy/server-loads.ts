import type { ServerLoad } from "../schemas/base-window.ts";

/** Several looks as one: the largest of memory, queue and servers, the mean of cores. */
export function addLoad(before: ServerLoad | null, now: ServerLoad | null): ServerLoad | null {
  if (before === null || now === null) return now ?? before;
  const looks = before.looks + now.looks;
  return {
    looks, servers: Math.max(before.servers, now.servers), rssBytes: Math.max(before.rssBytes, now.rssBytes), queued: Math.max(before.queued, now.queued),
    cpu: (before.cpu * before.looks + now.cpu * now.looks) / looks,
  };
}
