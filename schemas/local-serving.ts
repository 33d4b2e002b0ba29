import { z } from "zod";
import { champion, servingState, versionNumber } from "./commit.ts";
import { name } from "./names.ts";
import { instant } from "./time.ts";

/** `<home>/serving/<model>/last.json`: what a server last switched to, verified and warm, so that it can begin again with nothing but its disk. */
export const lastServed = z.strictObject({
  version: z.literal(1),
  model: name,
  /** The log entry it followed, and what that entry says. */
  n: z.int().min(1),
  state: servingState,
  /** The version that answered: the state's champion, or an earlier one while that could not be loaded. */
  answered: champion,
  at: instant,
}).readonly();
export type LastServed = z.infer<typeof lastServed>;

/**
 * `<home>/serving/<model>/pin.json`: a version that answers on this host whatever the log says, until an entry after `n` makes another version the champion
 * (or the same one anew). Written by `relearn rollback --local`.
 */
export const pin = z.strictObject({
  version: z.literal(1),
  model: name,
  /** Newest log entry known when it was pinned; 0 when none was. */
  n: z.int().min(0),
  /** Champion that it stands in for. */
  instead: versionNumber.nullable(),
  target: champion,
  reason: z.string().max(2_000),
  by: z.string().min(1).max(200),
  at: instant,
}).readonly();
export type Pin = z.infer<typeof pin>;
