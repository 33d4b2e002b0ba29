import type { Champion, Commit, CommitSummary, Expected, ServingState } from "../schemas/commit.ts";
import type { PutOutcome } from "./object-store.ts";

/** What the store said of the put of one log entry. `unknown`: a timeout, a reset, a 5xx. */
export type PutReport = PutOutcome["outcome"] | "unknown";

/**
 * The decisions of a writer of the commit log, apart from its reads and writes.
 * A 2xx is done and a 409 is tried again; every other answer, a 412 too, may hide our own write, so the key is read back.
 */
export const commitRules = {
  /** The entry of an earlier try of the same step, by any process. */
  findMine: (summaries: readonly CommitSummary[], txn: string): CommitSummary | undefined => summaries.findLast((summary) => summary.txn === txn),

  afterPut: (report: PutReport): "done" | "again" | "look" => (report === "stored" ? "done" : report === "conflict" ? "again" : "look"),

  /** @param found the entry that holds the number now. `taken`: somebody else's; go on at the next number. */
  afterLook: (found: Pick<Commit, "txn"> | null, txn: string): "done" | "again" | "taken" => (found === null ? "again" : found.txn === txn ? "done" : "taken"),

  /** Whether the champion is still the one the writer took for granted. */
  expectedHolds: (expected: Expected | null, state: ServingState): boolean => expected === null || isSameChampion(expected.champion, replacedBy(state.champion)),
};

export type CommitRules = typeof commitRules;

/** A champion as an approval names it. */
export function replacedBy(champion: Champion | null): Expected["champion"] {
  return champion === null ? null : { version: champion.v, digest: champion.model.sha256 };
}

export function isSameChampion(a: Expected["champion"], b: Expected["champion"]): boolean {
  return a?.version === b?.version && a?.digest === b?.digest;
}

export const nobodyServes: ServingState = { champion: null, previous: [], rollout: null };
