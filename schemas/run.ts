import { z } from "zod";
import { question, recordedAnswer } from "./approval.ts";
import { cause } from "./cause.ts";
import { gateResult } from "./gate.ts";
import { blobRef, sha256 } from "./names.ts";
import { progressLine } from "./job.ts";
import { instant, runWindows } from "./time.ts";

export const stage = z.enum(["ingest", "validate", "train", "evaluate", "register", "approve", "promote", "done"]);
export type Stage = z.infer<typeof stage>;

/**
 * How a run stands. `held`: its data is not complete. `refused`: its data broke the contract. `gated`: a gate did not say yes.
 * `superseded`: another promotion won. `aborted`: it had begun to take over, and was sent back, by evidence or by a person.
 */
export const runState = z.enum(["running", "waiting", "held", "refused", "failed", "gated", "rejected", "expired", "superseded", "aborted", "cancelled", "promoted"]);
export type RunState = z.infer<typeof runState>;

/** `runs/<pipeline>/<reversed time>-<run id>.json`: what `relearn runs` lists. Written at the start and at each change. */
export const runRecord = z.strictObject({
  version: z.literal(1),
  pipeline: z.string(),
  /** Workflow id: `<pipeline>/run/<12 hex>`. */
  run: z.string(),
  definition: blobRef,
  causes: z.array(cause),
  asOf: instant,
  windows: runWindows,
  state: runState,
  stage,
  /** Why it stands so, for a person; null while all is well. */
  reason: z.string().nullable(),
  startedAt: instant,
  updatedAt: instant,
  endedAt: instant.nullable(),
  /** Seconds that each stage took. */
  seconds: z.partialRecord(stage, z.number()),
  snapshot: sha256.nullable(),
  validation: blobRef.nullable(),
  rows: z.strictObject({ in: z.int(), accepted: z.int(), quarantined: z.int(), train: z.int(), holdout: z.int() }).nullable(),
  job: z.string().nullable(),
  training: progressLine.nullable(),
  model: blobRef.nullable(),
  evaluation: blobRef.nullable(),
  gates: z.array(gateResult),
  v: z.int().nullable(),
  question: question.nullable(),
  answers: z.array(recordedAnswer),
});
export type RunRecord = Readonly<z.infer<typeof runRecord>>;
