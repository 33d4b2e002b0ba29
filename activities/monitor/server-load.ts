import type { ServerLoad } from "../../schemas/base-window.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { listReplicas } from "../../stores/replicas.ts";

/** What the live servers of a model say of themselves; null where none is alive, or none says it. */
export async function serverLoadNow(store: ObjectStore, model: string, now: number): Promise<ServerLoad | null> {
  const loads = (await listReplicas(store, model, now)).flatMap(({ load }) => (load === undefined ? [] : [load]));
  if (loads.length === 0) return null;
  return { looks: 1, servers: loads.length, rssBytes: Math.max(...loads.map(({ rssBytes }) => rssBytes)), cpu: loads.reduce((sum, { cpu }) => sum + cpu, 0), queued: Math.max(...loads.map(({ queued }) => queued)) };
}
