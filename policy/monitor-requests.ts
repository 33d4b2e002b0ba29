import type { Threshold } from "../schemas/monitors.ts";
import { wellFormed } from "./well-formed.ts";

/** What somebody asked of `setThreshold`. `threshold` null: again as the definition has it. */
export interface ThresholdRequest {
  readonly metric: string;
  readonly threshold: Threshold | null;
  readonly by: string;
  readonly reason: string;
}

const usage = 'setThreshold needs one argument {"metric": name, "threshold": "auto", "off", {"above"?: number, "below"?: number} or null for the definition\'s own, "by": name, "reason"?: text}';

/** Reads what somebody sent to `setThreshold`; any arguments at all may arrive. */
export function readSetThreshold(args: readonly unknown[]): ThresholdRequest | { readonly problem: string } {
  const fields = args[0];
  if (args.length !== 1 || typeof fields !== "object" || fields === null) return { problem: usage };
  const { metric, threshold, by, reason } = fields as Record<string, unknown>;
  const named = (value: unknown, most: number): value is string => typeof value === "string" && value.trim() !== "" && value.length <= most;
  const limit = readThreshold(threshold);
  if (!named(metric, 200) || !named(by, 120) || limit === undefined || !(reason === undefined || typeof reason === "string")) return { problem: usage };
  return { metric: wellFormed(metric.trim()), threshold: limit, by: wellFormed(by.trim()), reason: wellFormed((reason ?? "").slice(0, 2_000)) };
}

function readThreshold(value: unknown): Threshold | null | undefined {
  if (value === null || value === "auto" || value === "off") return value;
  if (typeof value !== "object") return undefined;
  const { above, below, ...rest } = value as Record<string, unknown>;
  const fits = (limit: unknown): limit is number | undefined => limit === undefined || (typeof limit === "number" && Number.isFinite(limit));
  if (Object.keys(rest).length > 0 || !fits(above) || !fits(below) || (above === undefined && below === undefined)) return undefined;
  return { ...(above === undefined ? {} : { above }), ...(below === undefined ? {} : { below }) };
}

/** Reads what the deployment sent to `watch`: the definition by which to watch from here on. Null where it is none. */
export function readWatch(args: readonly unknown[]): { readonly sha256: string; readonly bytes: number } | null {
  const definition = (args[0] as { readonly definition?: { readonly sha256?: unknown; readonly bytes?: unknown } | null } | null | undefined)?.definition;
  if (args.length !== 1 || typeof definition?.sha256 !== "string" || !/^[0-9a-f]{64}$/.test(definition.sha256) || typeof definition.bytes !== "number") return null;
  return { sha256: definition.sha256, bytes: definition.bytes };
}
