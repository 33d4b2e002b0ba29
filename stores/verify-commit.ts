import type { Commit, CommitSummary, ServingState } from "../schemas/commit.ts";
import { approvalDigest } from "./approval-digest.ts";
import { needsApproval, promotionProblem, rolloutProblems } from "./rollout-rules.ts";
import { checkApproval, promoted, rolledBack } from "./approval-rules.ts";
import { canonicalBytes } from "./canonical.ts";
import { commitRules } from "./commit-rules.ts";

/** What the entry before leaves behind. */
interface Before {
  readonly hash: string | null;
  readonly at: string;
  readonly state: ServingState;
  readonly versions: number;
}

type Registration = Extract<Commit["operation"], { kind: "register" }>;

/** Every rule that one entry breaks, given all entries before it. @param approval the decision entry it names; null where there is none. */
export function checkCommit(entry: Commit, before: Before, summaries: readonly CommitSummary[], registered: ReadonlyMap<number, Registration>, approval: Commit | null): string[] {
  const problems: string[] = [];
  const require = (holds: boolean, problem: string): void => void (holds || problems.push(problem));
  require(entry.previousHash === before.hash, `names ${entry.previousHash} as the entry before it, which has ${before.hash}`);
  require(entry.at >= before.at, `is dated ${entry.at}, before the entry before it (${before.at})`);
  require(!summaries.some((summary) => summary.txn === entry.txn), `repeats transaction ${entry.txn}`);
  require(commitRules.expectedHolds(entry.expected, before.state), "expected another champion than the one that served");
  require(entry.versions === before.versions + (entry.operation.kind === "register" ? 1 : 0), `counts ${entry.versions} versions after ${before.versions}`);
  require(isSame(entry.digests, digestsOf(entry, registered)), "vouches for other digests than those of what it does");
  problems.push(...checkOperation(entry, before, summaries, registered, approval));
  const state = stateAfter(entry, before.state, registered);
  require(state !== null && isSame(entry.state, state), "leaves another state than its operation makes");
  return problems;
}

function checkOperation({ operation, versions, approval: named }: Commit, before: Before, summaries: readonly CommitSummary[], registered: ReadonlyMap<number, Registration>, approval: Commit | null): string[] {
  if (operation.kind === "register") return operation.v === versions ? [] : [`registers version ${operation.v} as number ${versions}`];
  const version = registered.get(operation.v);
  if (version === undefined) return [`is about version ${operation.v}, which was never registered`];
  if (operation.kind === "decision") {
    const fits = approvalDigest(operation.subject) === operation.digest && operation.subject.model === version.model.sha256;
    return fits ? [] : [`decides on digest ${operation.digest}, which is not that of version ${operation.v}`];
  }
  if (operation.kind === "rollout") {
    const other = operation.rollout !== null && !isSame(operation.rollout.candidate, servedAs(operation.v, version)) ? [`lets other bytes than those of version ${operation.v} take over`] : [];
    return [...rolloutProblems(operation, before.state), ...other, ...(needsApproval(operation.action) ? approvalProblems(operation.v, named, approval, version, before, summaries) : [])];
  }
  if (operation.from !== (before.state.champion?.v ?? null)) return [`says that version ${operation.from} served before it`];
  if (operation.kind === "rollback") return summaries.some((summary) => summary.champion === operation.v) ? [] : [`rolls back to version ${operation.v}, which never served`];
  const problem = promotionProblem(operation.v, before.state);
  return [...(problem === null ? [] : [problem]), ...approvalProblems(operation.v, named, approval, version, before, summaries)];
}

function approvalProblems(v: number, named: Commit["approval"], approval: Commit | null, version: Registration, before: Before, summaries: readonly CommitSummary[]): string[] {
  if (named === null || approval === null || approval.n !== named.n || named.n > summaries.length) return [`gives traffic to version ${v} without a decision before it`];
  if (approval.operation.kind === "decision" && approval.operation.digest !== named.digest) return [`names approval ${named.digest}, and entry ${named.n} has ${approval.operation.digest}`];
  try {
    checkApproval(v, version.model.sha256, approval, summaries, before.state);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

const servedAs = (v: number, { model, manifest }: Registration): NonNullable<ServingState["champion"]> => ({ v, model, manifest });

function digestsOf({ operation }: Commit, registered: ReadonlyMap<number, Registration>): Record<string, string> | null {
  if (operation.kind === "decision") return { approval: operation.digest, model: operation.subject.model, evaluation: operation.subject.evaluation };
  const version = operation.kind === "register" ? operation : registered.get(operation.v);
  if (version === undefined) return null;
  const served = { model: version.model.sha256, manifest: version.manifest.sha256 };
  return operation.kind === "register" ? { ...served, evaluation: version.evaluation.sha256, card: version.card.sha256 } : served;
}

function stateAfter({ operation }: Commit, state: ServingState, registered: ReadonlyMap<number, Registration>): ServingState | null {
  if (operation.kind === "register" || operation.kind === "decision") return state;
  if (operation.kind === "rollout") return { ...state, rollout: operation.rollout };
  const version = registered.get(operation.v);
  if (version === undefined) return null;
  const champion = servedAs(operation.v, version);
  return operation.kind === "promote" ? promoted(state, champion) : rolledBack(state, champion);
}

const isSame = (a: unknown, b: unknown): boolean => Buffer.compare(canonicalBytes(a), canonicalBytes(b)) === 0;
