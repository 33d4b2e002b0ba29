import type { Appended } from "../stores/commit-log.ts";
import { openRegistry } from "../stores/registry.ts";
import type { Activities, CommitResult } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { announceEntry } from "./support/announce-entry.ts";
import { deploymentActor } from "./support/deployment-actor.ts";
import { refusable } from "./support/refusable.ts";

/** Commits a promotion. The log checks the approval again; what it refuses is an answer, not an error. */
export function createPromote(deps: Dependencies): Activities["promote"] {
  return async ({ model, v, run, txn, by = null, reason = "" }) =>
    refusable(async () => served(await announceEntry(deps, model, await openRegistry(deps.store, model).promote({ v, run, txn, actor: deploymentActor(model, by), ...(reason === "" ? {} : { reason }) }))));
}

/** Commits a rollback to a version that was champion before. */
export function createRollback(deps: Dependencies): Activities["rollback"] {
  return async ({ model, to, by, claimed, reason, txn }) =>
    refusable(async () => served(await announceEntry(deps, model, await openRegistry(deps.store, model).rollback({ ...(to === null ? {} : { v: to }), reason, txn, actor: { kind: "person", name: by, claimed } }))));
}

function served({ entry }: Appended): CommitResult {
  const { champion } = entry.state;
  return champion === null ? { status: "refused", reason: `entry ${entry.n} left no champion` } : { status: "committed", n: entry.n, champion };
}
