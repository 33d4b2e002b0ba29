import type { ActiveRollout } from "../../schemas/commit.ts";
import type { Replica, VariantCounts } from "../../schemas/replica.ts";
import { latencyBucket } from "../../stats/latency-bucket.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { putReplica } from "../../stores/replicas.ts";

/** How the new version does on a server that is played by a test. */
export interface Played {
  readonly errors: number;
  readonly ms: number;
  /** Of ten outputs, which ones come. */
  readonly outputs: readonly number[];
  /** Requests it counts for the new version at each step. */
  readonly requests: number;
  /** Why it cannot load the new version; null: it can. */
  readonly failure: string | null;
}

export const wellBehaved: Played = { errors: 0, ms: 4, outputs: [3, 4, 5, 6], requests: 400, failure: null };

/** A server that follows the log and writes its document, as a real one does; what it counts is made up, by event times of its own. */
export function pretendServer(store: ObjectStore, model: string, id: string, played: Played): { stop(): Promise<void> } {
  let going = true;
  const registry = openRegistry(store, model);
  const ended = (async () => {
    for (; going; await new Promise((next) => setTimeout(next, 100))) {
      const tip = await registry.log.tip();
      if (tip === null) continue;
      const { n, state: { champion, rollout } } = tip.entry;
      const candidate = rollout === null ? null : { v: rollout.candidate.v, digest: rollout.candidate.model.sha256 };
      const serves = champion === null ? null : { v: champion.v, digest: champion.model.sha256 };
      const now = Date.now();
      const document: Replica = {
        version: 1, id, model, url: "http://127.0.0.1:1", at: new Date(now).toISOString(), until: new Date(now + 15_000).toISOString(), n, champion: serves, pinned: null,
        warm: [serves, played.failure === null ? candidate : null].filter((one) => one !== null),
        failed: candidate !== null && played.failure !== null ? [{ ...candidate, reason: played.failure }] : [],
        counts: rollout === null || rollout.kind === "blueGreen" ? [] : countsOf(rollout, serves!, played),
        labels: [],
      };
      await putReplica(store, document);
    }
  })();
  return {
    stop: async () => {
      going = false;
      await ended;
    },
  };
}

function countsOf({ id, step, candidate, kind, share }: ActiveRollout, champion: { readonly v: number; readonly digest: string }, played: Played): VariantCounts[] {
  const common = { rollout: id, step, share, dropped: 0, firstAt: "2013-03-01T00:00:00.000Z", lastAt: "2013-03-01T00:10:00.000Z" };
  const requests = share === 0 ? 0 : played.requests;
  const mine = made(requests, { ...played, errors: Math.round(played.errors * requests) });
  const theirs = made(share >= 100 && kind === "canary" ? 0 : 2_000, { ...wellBehaved, errors: 1 });
  const isShadow = kind === "shadow";
  return [
    { ...common, ...theirs, v: champion.v, digest: champion.digest, variant: "champion", pairs: 0, disagreements: 0 },
    { ...common, ...mine, v: candidate.v, digest: candidate.model.sha256, variant: isShadow ? "shadow" : "canary", pairs: isShadow ? requests : 0, disagreements: isShadow ? Math.round(requests / 100) : 0 },
  ].map((one) => (one.requests === 0 ? { ...one, firstAt: null, lastAt: null } : one)) as VariantCounts[];
}

function made(requests: number, { errors: failing, ms, outputs }: { readonly errors: number; readonly ms: number; readonly outputs: readonly number[] }) {
  const errors = Math.min(failing, requests);
  const each = Math.floor((requests - errors) / outputs.length);
  return { requests, errors, rows: requests - errors, latency: { [latencyBucket(ms)]: requests }, outputs: Object.fromEntries(outputs.map((bucket) => [bucket, each])) };
}
