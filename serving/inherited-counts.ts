import type { LabelCounts, Replica, VariantCounts } from "../schemas/replica.ts";
import type { Step } from "./labelled-answers.ts";

/** What a server at the same place has counted before this one began, so that a restart loses no evidence: one record of each version, however many restarts there were. */
export interface InheritedCounts {
  take(before: Pick<Replica, "counts" | "labels"> | null): void;
  /** Where no candidate had answered before, what the champion had is nothing to compare with. */
  forgetStep(step: Step): void;
  /** This server's own counts with those before. */
  counts(own: readonly VariantCounts[], step: Step | null): VariantCounts[];
  labels(own: readonly LabelCounts[], step: Step | null): LabelCounts[];
}

type Place = { readonly rollout: string | null; readonly step: number | null; readonly share: number | null };

export function inheritCounts(): InheritedCounts {
  let before: Pick<Replica, "counts" | "labels"> = { counts: [], labels: [] };
  const isAt = (step: Step | null) => (one: Place): boolean => step !== null && one.rollout === step.id && one.step === step.step && one.share === step.share;
  return {
    take(found) {
      before = found ?? before;
    },
    forgetStep(step) {
      const here = isAt(step);
      if (before.counts.some((one) => here(one) && one.variant === "canary")) return;
      before = { counts: before.counts.filter((one) => !here(one)), labels: before.labels.filter((one) => !here(one)) };
    },
    counts: (own, step) => together([...own, ...before.counts.filter(isAt(step))]),
    labels: (own, step) => together([...own, ...before.labels.filter(({ rollout }) => rollout === step?.id)]),
  };
}

function together<T extends VariantCounts | LabelCounts>(all: readonly T[]): T[] {
  const found = new Map<string, T>();
  for (const one of all) {
    const key = [one.digest, one.variant, one.step, one.share].join(" ");
    const other = found.get(key);
    found.set(key, other === undefined ? one : added(one, other));
  }
  return [...found.values()];
}

/** What says which version it was stays, counts are added, the first and the last time are those of both. */
function added<T extends VariantCounts | LabelCounts>(one: T, other: T): T {
  const sums = Object.entries(one).map(([name, value]) => [name, addedValue(name, value, other[name as keyof T])]);
  return Object.fromEntries(sums) as T;
}

const kept = new Set(["v", "step", "share"]);

function addedValue(name: string, one: unknown, other: unknown): unknown {
  if (name === "firstAt" || name === "lastAt") {
    const times = ([one, other] as (string | null)[]).filter((time) => time !== null).sort();
    return (name === "firstAt" ? times[0] : times.at(-1)) ?? null;
  }
  if (typeof one === "number" && !kept.has(name)) return one + (other as number);
  if (typeof one !== "object" || one === null) return one;
  const [mine, theirs] = [one as Record<string, number>, other as Record<string, number>];
  return Object.fromEntries([...new Set([...Object.keys(mine), ...Object.keys(theirs)])].map((bucket) => [bucket, (mine[bucket] ?? 0) + (theirs[bucket] ?? 0)]));
}
