import { wellFormed } from "./well-formed.ts";

interface Problem {
  readonly problem: string;
}

const named = (value: unknown): string | null => (typeof value === "string" && value.trim() !== "" && value.length <= 120 ? wellFormed(value.trim()) : null);
const version = (value: unknown): number | null => (typeof value === "number" && Number.isInteger(value) && value >= 1 ? value : null);

/** Reads what somebody sent to `promote`: any arguments at all may arrive. */
export function readPromote(args: readonly unknown[]): { readonly v: number; readonly by: string; readonly reason: string } | Problem {
  const fields = objectIn(args);
  const v = version(fields?.["v"]);
  const by = named(fields?.["by"]);
  return v === null || by === null ? { problem: 'promote needs one argument {"v": version, "by": name, "reason"?: text}' } : { v, by, reason: reasonIn(fields) };
}

/** Reads a run's proposal of its approved version. */
export function readPropose(args: readonly unknown[]): { readonly v: number; readonly run: string } | Problem {
  const fields = objectIn(args);
  const v = version(fields?.["v"]);
  const run = named(fields?.["run"]);
  return v === null || run === null ? { problem: 'propose needs one argument {"v": version, "run": workflow id}' } : { v, run };
}

/** Reads what somebody sent to `rollback`; without `to` it is the champion before this one. */
export function readRollback(args: readonly unknown[]): { readonly to: number | null; readonly by: string; readonly reason: string } | Problem {
  const fields = objectIn(args);
  const by = named(fields?.["by"]);
  const wanted = fields?.["to"] ?? null;
  const to = wanted === null ? null : version(wanted);
  if (by === null || (wanted !== null && to === null)) return { problem: 'rollback needs one argument {"by": name, "to"?: version, "reason"?: text}' };
  return { to, by, reason: reasonIn(fields) };
}

/** Reads what somebody sent to `pause`, `resume`, `abort` or `advance`. `run`: only that run's version is meant; null: whichever is taking over. */
export function readSteer(name: string, args: readonly unknown[]): { readonly by: string; readonly reason: string; readonly run: string | null } | Problem {
  const fields = objectIn(args);
  const by = named(fields?.["by"]);
  const wanted = fields?.["run"] ?? null;
  const run = named(wanted);
  if (by === null || (wanted !== null && run === null)) return { problem: `${name} needs one argument {"by": name, "reason"?: text, "run"?: workflow id}` };
  return { by, reason: reasonIn(fields), run };
}

/** Reads what somebody sent to `setTraffic`: percent. */
export function readTraffic(args: readonly unknown[]): { readonly by: string; readonly share: number } | Problem {
  const fields = objectIn(args);
  const by = named(fields?.["by"]);
  const share = fields?.["share"];
  const fits = typeof share === "number" && share >= 0 && share <= 100;
  return by === null || !fits ? { problem: 'setTraffic needs one argument {"share": percent from 0 to 100, "by": name}' } : { by, share };
}

function reasonIn(fields: Record<string, unknown> | null): string {
  const reason = fields?.["reason"];
  return typeof reason === "string" ? wellFormed(reason.slice(0, 2_000)) : "";
}

function objectIn(args: readonly unknown[]): Record<string, unknown> | null {
  const value = args[0];
  return args.length === 1 && typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}
