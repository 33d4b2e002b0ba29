import { z } from "zod";
import { versionNumber } from "./commit.ts";
import { name, sha256 } from "./names.ts";
import { instant } from "./time.ts";

/** Whose answer a caller got: the champion's, a canary's, or (never by a caller) a shadow's. */
export const variant = z.enum(["champion", "canary", "shadow"]);
export type Variant = z.infer<typeof variant>;

const counts = z.record(z.string(), z.int().min(0));

/**
 * What one version answered on one replica since the current step of a rollout began (outside a rollout: since it was loaded).
 * All are counts, so that those of several replicas add up.
 */
export const variantCounts = z.strictObject({
  /** `id` of the rollout, and its step; null outside one. */
  rollout: z.string().nullable(),
  step: z.int().min(0).nullable(),
  /** Percent of the traffic that the rollout's version was to get; null outside a rollout, and of servers of before it was told. */
  share: z.number().min(0).max(100).nullable().default(null),
  v: versionNumber,
  digest: sha256,
  variant,
  requests: z.int().min(0),
  errors: z.int().min(0),
  rows: z.int().min(0),
  /** Requests by time to answer: bucket of `latencyBucket(ms)`. */
  latency: counts,
  /** Rows by what came out: bucket of `outputBucket`. */
  outputs: counts,
  /** Of a shadow: rows compared with the champion's answer, and rows whose predicted class (or value, beyond 1 %) was another. */
  pairs: z.int().min(0),
  disagreements: z.int().min(0),
  /** Copies that were dropped so that no caller waits. */
  dropped: z.int().min(0),
  /** Event times of the first and the last prediction. */
  firstAt: instant.nullable(),
  lastAt: instant.nullable(),
}).readonly();
export type VariantCounts = z.infer<typeof variantCounts>;

/**
 * What came true of the predictions of one version on one replica, at one step and share of a rollout: labels come late, so those of earlier steps are kept as long as
 * the rollout runs. All are counts that add up.
 */
export const labelCounts = z.strictObject({
  rollout: z.string(),
  step: z.int().min(0),
  share: z.number().min(0).max(100),
  v: versionNumber,
  digest: sha256,
  variant,
  /** Requests with a labelled row, rows with a label, and rows whose answer was wrong. */
  requests: z.int().min(0),
  labelled: z.int().min(0),
  wrong: z.int().min(0),
  /** Of a shadow: rows where it was wrong and the champion was not, and the other way round. */
  worse: z.int().min(0),
  better: z.int().min(0),
}).readonly();
export type LabelCounts = z.infer<typeof labelCounts>;

const loaded = z.strictObject({ v: versionNumber, digest: sha256 }).readonly();

/** `replicas/<model>/<id>.json`: what one server serves now, and what it has seen. It counts as alive until `until`, which is `at` of a server that has ended. */
export const replica = z.strictObject({
  version: z.literal(1),
  id: z.string().min(1).max(120),
  model: name,
  url: z.string(),
  at: instant,
  until: instant,
  /** Log entry that it follows; 0 before the first. */
  n: z.int().min(0),
  champion: loaded.nullable(),
  /** Versions that are loaded, verified and warm, the champion's too. */
  warm: z.array(loaded),
  /** Versions it was to load and could not. */
  failed: z.array(z.strictObject({ v: versionNumber, digest: sha256, reason: z.string() }).readonly()),
  /** A version that was pinned on this host, and the log entry after which the pin stands. */
  pinned: z.strictObject({ v: versionNumber, n: z.int().min(0), reason: z.string(), by: z.string() }).readonly().nullable(),
  counts: z.array(variantCounts),
  /** Of the server's own process: bytes of memory, cores busy since it last said so; and rows that wait for the model now. Servers of before say nothing. */
  load: z.strictObject({ rssBytes: z.number().min(0), cpu: z.number().min(0), queued: z.int().min(0) }).readonly().optional(),
  /** Servers of before labels were counted have none. */
  labels: z.array(labelCounts).default([]),
}).readonly();
export type Replica = z.infer<typeof replica>;

/** How long a replica's document counts it as alive. */
export const replicaLifeMs = 15_000;
