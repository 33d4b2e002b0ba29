import type { Actor, Commit, ServingState } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { BlobRef } from "../schemas/names.ts";
import { type checkApproval, lastDecision } from "./approval-rules.ts";
import type { Appended, CommitLog, LogView } from "./commit-log.ts";
import { nobodyServes } from "./commit-rules.ts";
import { entryAt } from "./versions.ts";

export interface Step {
  /** The same on every retry: workflow id and step. */
  readonly txn: string;
  readonly actor: Actor;
  readonly signal?: AbortSignal;
}

/** A version's model and manifest as its registration names them. @throws RelearnError `NotFound`. */
export async function registered(log: CommitLog, view: LogView, v: number): Promise<{ model: BlobRef; manifest: BlobRef }> {
  const found = view.summaries.find((summary) => summary.kind === "register" && summary.v === v);
  if (found === undefined) throw new RelearnError("NotFound", `${log.model} has no version ${v}; the highest is ${versionsOf(view)}`);
  const { operation } = (await entryAt(log, found.n)).entry;
  if (operation.kind !== "register") throw new RelearnError("Corrupt", `entry ${found.n} of ${log.model} should register version ${v}`);
  return operation;
}

export const stateOf = (view: LogView): ServingState => view.tip?.entry.state ?? nobodyServes;
export const versionsOf = (view: LogView): number => view.tip?.entry.versions ?? 0;

/**
 * The decision that allows a version to take over from today's champion, as an entry names it.
 * @throws RelearnError `NotApproved`, `StaleApproval`
 */
export async function approvalOf(log: CommitLog, check: typeof checkApproval, view: LogView, v: number, model: BlobRef): Promise<NonNullable<Commit["approval"]>> {
  const found = lastDecision(view.summaries, v);
  if (found === undefined) throw new RelearnError("NotApproved", `version ${v} of ${log.model} has no decision yet; approve its run first`);
  const { entry } = await entryAt(log, found.n);
  check(v, model.sha256, entry, view.summaries, stateOf(view));
  return { n: entry.n, digest: found.digest as string };
}

/** A transaction found in the log is this step's own only where it did what this step asks for. @param v undefined where any version will do. */
export function expectOperation(kind: Commit["operation"]["kind"], v: number | undefined, txn: string, appended: Appended): Appended {
  const { operation } = appended.entry;
  if (operation.kind !== kind || (v !== undefined && operation.v !== v)) throw reused(txn, appended.entry);
  return appended;
}

export function reused(txn: string, entry: Commit): RelearnError {
  return new RelearnError("InvalidInput", `transaction ${txn} is the ${entry.operation.kind} of version ${entry.operation.v} in entry ${entry.n}; each step needs a transaction of its own`);
}

