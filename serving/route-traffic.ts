import type { ActiveRollout } from "../schemas/commit.ts";
import { stickyPercent } from "../stats/sticky-share.ts";

/** Whose answer a caller gets, and whether the candidate is asked as well, its answer kept from the caller. */
export type Route = "champion" | "canary" | "shadow";

/**
 * Whom a request goes to. A caller with a `key` stays with one variant for as long as the share does not pass it, and with the candidate once
 * there: raising the share moves nobody back. Another rollout draws anew.
 * @param id the prediction's, which decides where there is no key
 */
export function routeTraffic(rollout: Pick<ActiveRollout, "id" | "kind" | "share"> | null, key: string | null, id: string): Route {
  if (rollout === null || rollout.kind === "blueGreen" || stickyPercent(rollout.id, key ?? id) >= rollout.share) return "champion";
  return rollout.kind === "shadow" ? "shadow" : "canary";
}
