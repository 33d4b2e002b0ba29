import { RelearnError } from "../schemas/failures.ts";
import type { CommitSummary } from "../schemas/commit.ts";
import type { BlobRef } from "../schemas/names.ts";
import { lastDecision } from "./approval-rules.ts";
import type { CommitLog, LogView } from "./commit-log.ts";
import type { LoggedCommit } from "./log-entries.ts";
import { inParallel } from "./parallel.ts";

/** `aborted`: its rollout was, by a check or a person, and with it went the approval. */
export type VersionStatus = "registered" | "approved" | "rejected" | "expired" | "aborted" | "champion" | "former";

export interface Version {
  readonly v: number;
  readonly status: VersionStatus;
  readonly registeredAt: string;
  readonly run: string;
  readonly model: BlobRef;
  readonly manifest: BlobRef;
  readonly evaluation: BlobRef;
  readonly card: BlobRef;
}

/** One version as its log tells it; null when it was never registered. */
export async function findVersion(log: CommitLog, v: number, signal?: AbortSignal): Promise<Version | null> {
  const summaries = await log.summaries(signal);
  const n = summaries.find((summary) => summary.kind === "register" && summary.v === v)?.n;
  return n === undefined ? null : describeVersion({ tip: await log.tip(signal), summaries }, await entryAt(log, n, signal));
}

/** Every version, oldest first. */
export async function listVersions(log: CommitLog, signal?: AbortSignal): Promise<readonly Version[]> {
  const summaries = await log.summaries(signal);
  const view = { tip: await log.tip(signal), summaries };
  const numbers = summaries.filter((summary) => summary.kind === "register").map((summary) => summary.n);
  return inParallel(numbers, 16, async (n) => describeVersion(view, await entryAt(log, n, signal)));
}

function describeVersion(view: LogView, { entry }: LoggedCommit): Version {
  const { operation } = entry;
  if (operation.kind !== "register") throw new RelearnError("Corrupt", `entry ${entry.n} should register a version`);
  const { v, run, model, manifest, evaluation, card } = operation;
  return { v, status: statusOf(view, v), registeredAt: entry.at, run, model, manifest, evaluation, card };
}

function statusOf({ tip, summaries }: LogView, v: number): VersionStatus {
  if (tip?.entry.state.champion?.v === v) return "champion";
  const decided = lastDecision(summaries, v);
  const since = (holds: (summary: CommitSummary) => boolean): boolean => summaries.some((summary) => summary.n > (decided?.n ?? 0) && holds(summary));
  if (since((summary) => summary.champion === v)) return "former";
  if (since((summary) => summary.v === v && summary.action === "abort")) return "aborted";
  return decided === undefined ? "registered" : (decided.decision as VersionStatus);
}

/** @throws RelearnError `Corrupt` when there is no such entry. */
export async function entryAt(log: CommitLog, n: number, signal?: AbortSignal): Promise<LoggedCommit> {
  const found = await log.entry(n, signal);
  if (found === null) throw new RelearnError("Corrupt", `entry ${n} of the log of ${log.model} is missing; run \`relearn verify\``);
  return found;
}
