import type { ActiveRollout } from "../schemas/commit.ts";
import type { LabelCounts, Replica, Variant, VariantCounts } from "../schemas/replica.ts";
import type { ReplicaEvidence } from "../schemas/rollout-evidence.ts";
import { guardEvidence, quantileOf } from "../stats/guard-evidence.ts";
import { addVariants, type VariantTotals } from "../stats/variant-totals.ts";
import { labelledSteps } from "../stats/wrong-rate.ts";
import { listAllReplicas, listReplicas } from "../stores/replicas.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { fewestForP99 } from "./rollout-plan.ts";

/** Adds up what the servers have counted since the rollout's step began, also those that have ended since. */
export function createRolloutEvidence({ store, now }: Dependencies): Activities["rolloutEvidence"] {
  return async ({ model, rollout, n, plan, championP99: known }) => {
    const [all, live] = await Promise.all([listAllReplicas(store, model), listReplicas(store, model, now())]);
    const mine = rollout.kind === "shadow" ? "shadow" : "canary";
    const candidate = totalsOf(all, rollout, mine);
    const labels = labelledSteps(all.flatMap((one) => labelsOf(one, rollout)), mine);
    const champion = totalsOf(all, rollout, "champion");
    const championP99 = champion.requests < fewestForP99 ? known : quantileOf(champion.latency, 0.99);
    return {
      replicas: readiness(live, rollout, n),
      candidate: { requests: candidate.requests, errors: candidate.errors }, champion: { requests: champion.requests, errors: champion.errors },
      watchedMs: watched(rollout.kind === "shadow" ? [candidate] : [candidate, champion]), championP99,
      guards: plan.guards.map((guard) => guardEvidence(guard, { candidate, champion, share: rollout.share, championP99, labels })),
    };
  };
}

function totalsOf(all: readonly Replica[], { id, step, share, candidate }: ActiveRollout, variant: Variant): VariantTotals {
  const isMeant = (digest: string): boolean => variant === "champion" || digest === candidate.model.sha256;
  const isHere = (one: VariantCounts): boolean => one.rollout === id && one.step === step && (one.share === null || one.share === share);
  return addVariants(all.flatMap(({ counts }) => counts.filter((one) => isHere(one) && one.variant === variant && isMeant(one.digest))));
}

/** Of all steps of the rollout so far, for labels come late. */
const labelsOf = ({ labels }: Replica, { id, candidate }: ActiveRollout): LabelCounts[] => labels.filter((one) => one.rollout === id && (one.variant === "champion" || one.digest === candidate.model.sha256));

/** A server that has not followed the log as far as the rollout's start says nothing about it yet. */
function readiness(live: readonly Replica[], { candidate }: ActiveRollout, n: number): ReplicaEvidence {
  const digest = candidate.model.sha256;
  const following = live.filter((one) => one.n >= n);
  const failed = following.flatMap(({ id, failed: all }) => all.filter((one) => one.digest === digest).map(({ reason }) => ({ id, reason: reason.slice(0, 500) })));
  return { live: live.length, ready: following.filter(({ warm }) => warm.some((one) => one.digest === digest)).length, failed: failed.slice(0, 5) };
}

/** By the times of the predictions themselves, so that no traffic is no time. */
function watched(totals: readonly VariantTotals[]): number | null {
  const times = totals.flatMap(({ firstAt, lastAt }) => (firstAt === null || lastAt === null ? [] : [firstAt, lastAt]));
  return times.length === 0 ? null : Math.max(...times) - Math.min(...times);
}

export function createWhoServes({ store, now }: Dependencies): Activities["whoServes"] {
  return async ({ model, v, n }) => {
    const live = await listReplicas(store, model, now());
    return { live: live.length, serving: live.filter((one) => one.n >= n && (one.n > n || one.champion?.v === v)).length };
  };
}
