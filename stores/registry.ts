import type { RecordedAnswer } from "../schemas/approval.ts";
import type { Champion, Commit, Decision, Expected } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { Manifest } from "../schemas/manifest.ts";
import type { BlobRef } from "../schemas/names.ts";
import { approvalDigest } from "./approval-digest.ts";
import { checkApproval, promoted, rolledBack } from "./approval-rules.ts";
import { getBlob, putBlob, putJsonBlob } from "./blobs.ts";
import { openCommitLog, type Appended, type CommitLog, type CommitLogOptions, type LogView } from "./commit-log.ts";
import { replacedBy } from "./commit-rules.ts";
import type { LoggedCommit } from "./log-entries.ts";
import { approvalOf, expectOperation, registered, reused, stateOf, type Step, versionsOf } from "./log-views.ts";
import type { ObjectStore } from "./object-store.ts";
import { type RolloutRequest, type RolloutStepRequest, startRollout, stepRollout } from "./registry-rollouts.ts";
import { promotionProblem } from "./rollout-rules.ts";
import { findVersion, listVersions, type Version } from "./versions.ts";
import { inParallel } from "./parallel.ts";

export interface RegisterRequest extends Step {
  /** Workflow id. */
  readonly run: string;
  readonly model: BlobRef;
  readonly evaluation: BlobRef;
  /** Makes manifest (signed) and model card for the version number that is free; asked again when another run took it. */
  describe(v: number): Promise<{ manifest: Manifest; card: string }>;
}

export interface DecisionRequest extends Step {
  readonly v: number;
  readonly run: string;
  /** SHA-256 of the evaluation's bytes. */
  readonly evaluation: string;
  /** What the approval would replace: `replacedBy(champion)` at the time of asking. */
  readonly champion: Expected["champion"];
  readonly decision: Decision;
  readonly answers: readonly RecordedAnswer[];
}

export interface PromoteRequest extends Step {
  readonly v: number;
  readonly run: string;
  /** Of the person who asked for it; absent: nobody gave one. */
  readonly reason?: string;
}

export interface RollbackRequest extends Step {
  /** Absent: the champion before this one. */
  readonly v?: number;
  readonly reason: string;
  /** Absent: whoever serves now is rolled back. */
  readonly expected?: Expected;
}

/** One model's versions and what serves of them. Everything here is read from, or written to, its commit log. */
export interface Registry {
  readonly model: string;
  readonly log: CommitLog;
  champion(signal?: AbortSignal): Promise<Champion | null>;
  /** What served at a UTC instant, and the entry that made it so. */
  at(time: string, signal?: AbortSignal): Promise<LoggedCommit | null>;
  version(v: number, signal?: AbortSignal): Promise<Version | null>;
  /** Versions, oldest first. */
  list(signal?: AbortSignal): Promise<readonly Version[]>;
  history(options?: { before?: number; signal?: AbortSignal }): AsyncIterable<LoggedCommit>;
  register(request: RegisterRequest): Promise<Appended & { readonly v: number }>;
  /** @throws RelearnError `Superseded` when an approval would come against another champion than today's; `NotFound`. */
  recordDecision(request: DecisionRequest): Promise<Appended>;
  /** Ends the rollout of this version. @throws RelearnError `NotApproved`, `StaleApproval` (used, or given against another champion), `Superseded` (another version is taking over), `NotFound`. */
  promote(request: PromoteRequest): Promise<Appended>;
  /** To a version that has been champion before; a running rollout ends with it. @throws RelearnError `NotFound`, `Superseded`. */
  rollback(request: RollbackRequest): Promise<Appended>;
  /** Lets an approved version begin to take over. @throws RelearnError as `promote`, and `Superseded` when one is taking over. */
  startRollout(request: RolloutRequest): Promise<Appended>;
  /** Changes or ends the running rollout. @throws RelearnError `Superseded` when it is over or at another step; as `promote` for more traffic. */
  stepRollout(request: RolloutStepRequest): Promise<Appended>;
}

export interface RegistryOptions extends CommitLogOptions {
  readonly checkApproval?: typeof checkApproval;
}

export function openRegistry(store: ObjectStore, model: string, options: RegistryOptions = {}): Registry {
  const log = openCommitLog(store, model, options);
  const check = options.checkApproval ?? checkApproval;
  return {
    model, log,
    champion: async (signal) => (await log.tip(signal))?.entry.state.champion ?? null,
    at: log.at,
    history: log.history,
    version: (v, signal) => findVersion(log, v, signal),
    list: (signal) => listVersions(log, signal),
    register: (request) => register(store, log, request),
    recordDecision: (request) => recordDecision(log, request),
    promote: (request) => promote(log, check, request),
    rollback: (request) => rollback(log, request),
    startRollout: (request) => startRollout(log, check, request),
    stepRollout: (request) => stepRollout(log, check, request),
  };
}

async function register(store: ObjectStore, log: CommitLog, request: RegisterRequest): Promise<Appended & { v: number }> {
  const { model, evaluation, run } = request;
  const appended = await log.append({
    ...request, expected: null,
    plan: async (view) => {
      const v = versionsOf(view) + 1;
      const described = await request.describe(v);
      const [manifest, card] = await Promise.all([putJsonBlob(store, described.manifest, request.signal), putBlob(store, new TextEncoder().encode(described.card), request.signal)]);
      const digests = { model: model.sha256, manifest: manifest.sha256, evaluation: evaluation.sha256, card: card.sha256 };
      return { operation: { kind: "register", v, model, manifest, evaluation, card, run }, state: stateOf(view), versions: v, approval: null, digests };
    },
  });
  const { operation } = appended.entry;
  if (operation.kind !== "register") throw reused(request.txn, appended.entry);
  await copyForPeople(store, log.model, operation, request.signal);
  return { ...appended, v: operation.v };
}

/** `versions/<v>/`: what people open; the log and the blobs are what counts. */
async function copyForPeople(store: ObjectStore, model: string, operation: Extract<Commit["operation"], { kind: "register" }>, signal?: AbortSignal): Promise<void> {
  const files = [["manifest.json", operation.manifest, "application/json"], ["evaluation.json", operation.evaluation, "application/json"], ["card.md", operation.card, "text/markdown"]] as const;
  await inParallel(files, 3, async ([name, ref, contentType]) => store.put(versionKey(model, operation.v, name), await getBlob(store, ref, signal), { ifNoneMatch: "*", contentType, signal }));
}

export const versionKey = (model: string, v: number, name: "manifest.json" | "evaluation.json" | "card.md"): string => `models/${model}/versions/${v}/${name}`;

async function recordDecision(log: CommitLog, { v, run, evaluation, champion, decision, answers, ...step }: DecisionRequest): Promise<Appended> {
  return expectOperation("decision", v, step.txn, await log.append({
    ...step, expected: decision === "approved" ? { champion } : null,
    plan: async (view) => {
      const subject = { run, model: (await registered(log, view, v)).model.sha256, evaluation, champion };
      const digest = approvalDigest(subject);
      return { operation: { kind: "decision", v, digest, subject, decision, answers: [...answers] }, state: stateOf(view), versions: versionsOf(view), approval: null, digests: { approval: digest, model: subject.model, evaluation } };
    },
  }));
}

async function promote(log: CommitLog, check: typeof checkApproval, { v, run, reason, ...step }: PromoteRequest): Promise<Appended> {
  return expectOperation("promote", v, step.txn, await log.append({
    ...step, expected: null,
    plan: async (view) => {
      const { model, manifest } = await registered(log, view, v);
      const approval = await approvalOf(log, check, view, v, model);
      const state = stateOf(view);
      const problem = promotionProblem(v, state);
      if (problem !== null) throw new RelearnError("Superseded", `version ${v} of ${log.model} ${problem}; abort that rollout first`);
      return {
        operation: { kind: "promote", v, from: state.champion?.v ?? null, run, ...(reason === undefined ? {} : { reason }) }, state: promoted(state, { v, model, manifest }), versions: versionsOf(view),
        expected: { champion: replacedBy(state.champion) }, approval, digests: { model: model.sha256, manifest: manifest.sha256 },
      };
    },
  }));
}

async function rollback(log: CommitLog, { v, reason, expected, ...step }: RollbackRequest): Promise<Appended> {
  return expectOperation("rollback", v, step.txn, await log.append({
    ...step, expected: expected ?? null,
    plan: async (view) => {
      const state = stateOf(view);
      if (state.champion === null) throw new RelearnError("NotFound", `${log.model} has no champion to roll back from`);
      const to = v === undefined ? state.previous[0] : await formerChampion(log, view, v);
      if (to === undefined) throw new RelearnError("NotFound", `${log.model} has no champion before version ${state.champion.v}; \`relearn rollback ${log.model} --to VERSION\` serves any version again that served before`);
      if (to.v === state.champion.v) throw new RelearnError("Superseded", `version ${to.v} of ${log.model} is the champion already`);
      return { operation: { kind: "rollback", v: to.v, from: state.champion.v, reason }, expected: { champion: replacedBy(state.champion) }, state: rolledBack(state, to), versions: versionsOf(view), approval: null, digests: { model: to.model.sha256, manifest: to.manifest.sha256 } };
    },
  }));
}

async function formerChampion(log: CommitLog, view: LogView, v: number): Promise<Champion> {
  if (!view.summaries.some((summary) => summary.champion === v)) throw new RelearnError("NotFound", `version ${v} of ${log.model} was never champion, so it cannot be rolled back to; promote it`);
  const { model, manifest } = await registered(log, view, v);
  return { v, model, manifest };
}

export type { Version, VersionStatus } from "./versions.ts";
