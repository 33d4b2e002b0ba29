import { z } from "zod";
import { recordedAnswer } from "./approval.ts";
import { gateResult } from "./gate.ts";
import { blobRef, sha256 } from "./names.ts";
import { instant } from "./time.ts";

/** Number of a model version; `v` in the log. Entries have numbers of their own, `n`. */
export const versionNumber = z.int().min(1);

/** Who did it. `claimed`: the name was given by the caller and nobody has checked it. */
export const actor = z.strictObject({ kind: z.enum(["workflow", "person", "system"]), name: z.string().min(1).max(200), claimed: z.boolean() }).readonly();
export type Actor = z.infer<typeof actor>;

/** A version as it serves. */
export const champion = z.strictObject({ v: versionNumber, model: blobRef, manifest: blobRef }).readonly();
export type Champion = z.infer<typeof champion>;

/** A version that is taking over. `id` salts who gets it, so that another rollout chooses other callers. */
export const activeRollout = z.strictObject({
  id: z.string().min(1).max(400),
  candidate: champion,
  kind: z.enum(["blueGreen", "shadow", "canary"]),
  /** Place in the definition's steps, from 0. */
  step: z.int().min(0),
  /** Percent of callers who get the candidate's answer (canary), or whose requests are copied to it (shadow). */
  share: z.number().min(0).max(100),
  paused: z.boolean(),
}).readonly();
export type ActiveRollout = z.infer<typeof activeRollout>;

/**
 * What serves after an entry, whole: the newest entry alone answers "who serves?". `previous`: the last 10 champions, newest first.
 * Entries of before there were rollouts have no `rollout`.
 */
export const servingState = z.strictObject({ champion: champion.nullable(), previous: z.array(champion).max(10).readonly(), rollout: activeRollout.nullable().default(null) }).readonly();
export type ServingState = z.infer<typeof servingState>;

/** The champion an approval was given against: version and SHA-256 of its model. */
export const replaced = z.strictObject({ version: versionNumber, digest: sha256 }).readonly();

/** What an approval names. Its digest is the SHA-256 of the RFC 8785 JSON of exactly these fields. */
export const approvalSubject = z.strictObject({ run: z.string().min(1), model: sha256, evaluation: sha256, champion: replaced.nullable() }).readonly();
export type ApprovalSubject = z.infer<typeof approvalSubject>;

/** `refused`: an answer that does not count (too late, for something else, a second one), kept for the audit; it settles nothing. */
export const decision = z.enum(["approved", "rejected", "refused", "expired"]);
export type Decision = z.infer<typeof decision>;

export const rolloutAction = z.enum(["start", "advance", "pause", "resume", "set-traffic", "abort"]);
export type RolloutAction = z.infer<typeof rolloutAction>;

export const operation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("register"), v: versionNumber, model: blobRef, manifest: blobRef, evaluation: blobRef, card: blobRef, run: z.string().min(1) }),
  z.strictObject({ kind: z.literal("decision"), v: versionNumber, digest: sha256, subject: approvalSubject, decision, answers: z.array(recordedAnswer).max(200) }),
  z.strictObject({ kind: z.literal("promote"), v: versionNumber, from: versionNumber.nullable(), run: z.string().min(1), reason: z.string().max(4_000).optional() }),
  z.strictObject({ kind: z.literal("rollback"), v: versionNumber, from: versionNumber, reason: z.string().max(4_000) }),
  /** A step of a rollout that leaves the champion as it is. `rollout`: what runs after it; `checks`: what was asked of the evidence before it. */
  z.strictObject({ kind: z.literal("rollout"), v: versionNumber, action: rolloutAction, rollout: activeRollout.nullable(), reason: z.string().max(4_000), checks: z.array(gateResult).max(100).readonly() }),
]);
export type Operation = Readonly<z.infer<typeof operation>>;

/** What the writer took for granted; an entry that would not find it so is never written. Null: nothing. */
export const expected = z.strictObject({ champion: replaced.nullable() }).readonly();
export type Expected = z.infer<typeof expected>;

/**
 * `models/<model>/log/<20 digits of n>.json`: the registry, the lock and the audit trail, as RFC 8785 JSON.
 * Entries are contiguous from 1, never change, and each holds the SHA-256 of the bytes of the one before.
 */
export const commit = z.strictObject({
  version: z.literal(1),
  n: z.int().min(1),
  /** The same on every retry of one step of one workflow; at most one entry of a log has it. */
  txn: z.string().min(1).max(400),
  previousHash: sha256.nullable(),
  /** Never before the previous entry's. */
  at: instant,
  actor,
  operation,
  expected: expected.nullable(),
  state: servingState,
  /** Highest version registered so far. */
  versions: z.int().min(0),
  /** Of a promotion, and of a rollout's step that gives more traffic: the decision entry that allowed it. */
  approval: z.strictObject({ n: z.int().min(1), digest: sha256 }).readonly().nullable(),
  /** Every object this entry vouches for, by what it is. */
  digests: z.record(z.string(), sha256),
}).readonly();
export type Commit = z.infer<typeof commit>;

/** What a fold keeps of an entry: enough to find a transaction, a version, a decision or a time without reading the log. */
export const commitSummary = z.strictObject({
  n: z.int().min(1),
  txn: z.string(),
  hash: sha256,
  at: instant,
  kind: z.enum(["register", "decision", "promote", "rollback", "rollout"]),
  v: versionNumber,
  /** Version that serves after the entry. */
  champion: versionNumber.nullable(),
  decision: decision.nullable(),
  /** Of a decision, its approval digest. */
  digest: sha256.nullable(),
  /** Of a rollout's step, what it did. */
  action: rolloutAction.optional(),
}).readonly();
export type CommitSummary = z.infer<typeof commitSummary>;

/** `folds/<20 digits>.json`: a digest of the 256 entries up to `n`, and where the earlier folds end. Derived, never an authority. */
export const commitFold = z.strictObject({
  version: z.literal(1),
  n: z.int().min(1),
  entries: z.array(commitSummary),
  earlier: z.array(z.strictObject({ n: z.int().min(1), at: instant, hash: sha256 }).readonly()),
}).readonly();
export type CommitFold = z.infer<typeof commitFold>;

/** `head.json`: where the log ended not long ago, and the hash of that entry. A hint: readers go forward from it. */
export const logHead = z.strictObject({ version: z.literal(1), n: z.int().min(1), hash: sha256 }).readonly();
export type LogHead = z.infer<typeof logHead>;
