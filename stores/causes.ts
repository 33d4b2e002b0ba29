import { z } from "zod";
import { cause, type Cause } from "../schemas/cause.ts";
import { RelearnError } from "../schemas/failures.ts";
import { runWindows, type RunWindows } from "../schemas/time.ts";
import { canonicalBytes } from "./canonical.ts";
import { getDocument, keyOf } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

/** `causes/<pipeline>/<sha256 of kind, key, windows>.json`: which run a cause started. */
export const takenCause = z.strictObject({ version: z.literal(1), cause, windows: runWindows, run: z.string() }).readonly();
export type TakenCause = z.infer<typeof takenCause>;

const causeKey = (pipeline: string, { kind, key }: Cause, windows: RunWindows): string => `causes/${pipeline}/${keyOf(kind, key, windows)}.json`;

/**
 * Takes a cause for a run, for ever. Idempotent: the run that has taken it is told so again.
 * @returns the workflow id of the run that holds the cause: this one's, or the one that came first.
 */
export async function takeCause(store: ObjectStore, pipeline: string, taken: Omit<TakenCause, "version">, signal?: AbortSignal): Promise<string> {
  const key = causeKey(pipeline, taken.cause, taken.windows);
  const document: TakenCause = { version: 1, ...taken };
  const { outcome } = await store.put(key, canonicalBytes(document), { ifNoneMatch: "*", contentType: "application/json", signal });
  if (outcome === "stored") return taken.run;
  const holder = await getDocument(store, key, takenCause, signal);
  if (holder === null) throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${key} was said to exist, and does not; try again`);
  return holder.run;
}
