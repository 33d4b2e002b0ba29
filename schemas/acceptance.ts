import { z } from "zod";
import { blobRef, sha256 } from "./names.ts";
import { instant } from "./time.ts";

const part = z.strictObject({ blob: blobRef, rows: z.int().min(1) }).readonly();

/** Why rows of a partition were refused; `example` is one of the values. */
export const refusal = z.strictObject({ rule: z.string(), column: z.string(), rows: z.int(), example: z.string().nullable() }).readonly();
export type Refusal = z.infer<typeof refusal>;

/** `accepted/<pipeline>/<sha256 of partition and contract>.json`: what the contract made of a prepared partition, so that it is never judged again. */
export const acceptance = z.strictObject({
  version: z.literal(1),
  blob: blobRef,
  rows: z.int().min(0),
  reserved: part.nullable(),
  withheld: z.int().min(0),
  quarantined: part.nullable(),
  refusals: z.array(refusal),
  /** Accepted and reserved rows by label; null for a regression. */
  labels: z.array(z.tuple([z.string(), z.int()])).nullable(),
}).readonly();
export type Acceptance = z.infer<typeof acceptance>;

/** `datasets/<pipeline>/accepted/<reversed time>-<12 hex of the id>.json`: the snapshots that passed, newest first in the order of keys. */
export const acceptedSnapshot = z.strictObject({ version: z.literal(1), snapshot: sha256, run: z.string(), at: instant }).readonly();
export type AcceptedSnapshot = z.infer<typeof acceptedSnapshot>;
