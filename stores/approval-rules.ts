import type { Commit, CommitSummary, ServingState } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import { approvalDigest } from "./approval-digest.ts";
import { isSameChampion, replacedBy } from "./commit-rules.ts";

/** The last decision about a version that settled something; answers that were refused settle nothing. */
export function lastDecision(summaries: readonly CommitSummary[], v: number): CommitSummary | undefined {
  return summaries.findLast((summary) => summary.kind === "decision" && summary.v === v && summary.decision !== "refused");
}

/**
 * Whether a decision allows a version to be promoted now: it is an approval, unused, of these very bytes, against today's champion.
 * @param entry the decision's whole entry. @throws RelearnError `NotApproved`, `StaleApproval` or `Corrupt`, saying why.
 */
export function checkApproval(v: number, model: string, entry: Commit, summaries: readonly CommitSummary[], today: ServingState): void {
  const { operation } = entry;
  if (operation.kind !== "decision" || operation.v !== v) throw new RelearnError("Corrupt", `entry ${entry.n} is not a decision about version ${v}`);
  if (operation.decision !== "approved") throw new RelearnError("NotApproved", `version ${v} was ${operation.decision} in entry ${entry.n}`);
  if (!answersAllow(operation)) throw new RelearnError("Corrupt", `the approval in entry ${entry.n} holds no answer that allows version ${v}`);
  if (operation.subject.model !== model || approvalDigest(operation.subject) !== operation.digest) {
    throw new RelearnError("Corrupt", `the approval in entry ${entry.n} names digest ${operation.digest}, which is not that of version ${v}`);
  }
  const used = summaries.find((summary) => endsApproval(summary) && summary.v === v && summary.n > entry.n);
  if (used !== undefined) throw new RelearnError("StaleApproval", `the approval of version ${v} (entry ${entry.n}) was ${used.kind === "promote" ? "used" : "ended"} by ${used.kind === "promote" ? "" : "the abort in "}entry ${used.n}; evaluate and ask again`);
  if (isSameChampion(operation.subject.champion, replacedBy(today.champion))) return;
  const was = operation.subject.champion === null ? "no champion" : `version ${operation.subject.champion.version}`;
  const is = today.champion === null ? "there is none" : `it is version ${today.champion.v}${whoWon(summaries)}`;
  throw new RelearnError("StaleApproval", `version ${v} was approved against ${was} (entry ${entry.n}), and now ${is}; evaluate and ask again`);
}

/** A promotion uses an approval up. So does an abort: what was allowed then has been seen to be wrong, and no promotion that was under way may win over it. */
const endsApproval = (summary: CommitSummary): boolean => summary.kind === "promote" || (summary.kind === "rollout" && summary.action === "abort");

/** Of the answers kept with a decision that count for its digest, one at least says yes and none no. */
function answersAllow({ answers, digest }: Extract<Commit["operation"], { kind: "decision" }>): boolean {
  const counted = answers.filter((answer) => answer.refused === null && answer.digest.length >= 12 && digest.startsWith(answer.digest));
  return counted.length > 0 && counted.every((answer) => answer.decision === "approve");
}

function whoWon(summaries: readonly CommitSummary[]): string {
  const change = summaries.findLast((summary) => summary.kind === "promote" || summary.kind === "rollback");
  return change === undefined ? "" : ` since ${change.at} (entry ${change.n})`;
}

/** What serves after a promotion. A rollout ends with it: its candidate has taken over, or its champion is gone. */
export function promoted(state: ServingState, next: NonNullable<ServingState["champion"]>): ServingState {
  return { champion: next, previous: [...(state.champion === null ? [] : [state.champion]), ...state.previous].slice(0, 10), rollout: null };
}

/** What serves after a rollback: the version left behind is not offered again, so a second rollback goes further back. */
export function rolledBack(state: ServingState, to: NonNullable<ServingState["champion"]>): ServingState {
  const index = state.previous.findIndex((former) => former.v === to.v);
  return { champion: to, previous: index === -1 ? state.previous : state.previous.slice(index + 1), rollout: null };
}
