import type { GuardMetric, Rollout } from "./rollout.ts";

/** The e-value that settles a question: had the thing lain within its limit, the chance to ever see this is below 1 in 20. */
export const convincing = 20;

/** A guard as numbers. `implied`: nobody wrote it, and a step needs it all the same. */
export interface Guard {
  readonly metric: GuardMetric;
  /** Null: that of latency, or of how often it is wrong, against the champion's, which only the evidence knows. */
  readonly limit: number | null;
  readonly implied: boolean;
  /** Of output_shift: how far the version's outputs lay from the champion's in its evaluation, on the same rows. A person has agreed to that, and it is no news. */
  readonly allowance?: number;
}

/** A definition's rollout, ready to be carried out: every kind is a list of steps. */
export interface RolloutPlan {
  readonly kind: Rollout["kind"];
  /** Percent of the traffic at each step. */
  readonly shares: readonly number[];
  /** How long each step lasts at least, by event time. */
  readonly eachMs: number;
  /** Fewest predictions before a step is judged. */
  readonly samples: number;
  /** Fewest labelled predictions, over all steps so far, before a step goes on; left out (by plans of before there was a choice) or 0: they are not waited for. */
  readonly labels?: number;
  readonly guards: readonly Guard[];
  /** Longest time by the wall clock, pauses not counted. */
  readonly withinMs: number;
}

/** What the counts say of one guard. */
export interface GuardEvidence extends Guard {
  /** Of what the guard is about, as a person reads it: a rate, milliseconds, PSI. Null: nothing was seen. */
  readonly observed: number | null;
  /** Whether what was seen lies within the limit; null: nothing was seen, or there is nothing to compare with. */
  readonly holds: boolean | null;
  /** Logarithm of the e-value against "it lies within the limit". */
  readonly logE: number;
  readonly samples: number;
}

/** What was measured of a guard. */
export type GuardFound = Pick<GuardEvidence, "limit" | "observed" | "holds" | "logE" | "samples">;

export interface ReplicaEvidence {
  readonly live: number;
  /** Of those, how many have followed the log and have the version loaded, verified and warm. */
  readonly ready: number;
  /** Servers that could not load it, and why. */
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
}

/** All that a step is judged by, summed over the servers. */
export interface RolloutEvidence {
  readonly replicas: ReplicaEvidence;
  readonly candidate: { readonly requests: number; readonly errors: number };
  readonly champion: { readonly requests: number; readonly errors: number };
  /** Time between the first and the last prediction of the step, by their own times; null before the first. */
  readonly watchedMs: number | null;
  /** The champion's p99 in milliseconds, as far as it is known. */
  readonly championP99: number | null;
  readonly guards: readonly GuardEvidence[];
}
