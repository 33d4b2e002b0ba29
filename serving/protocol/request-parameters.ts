import { instant } from "../../schemas/time.ts";
import { refuse, shown } from "./refuse.ts";

/** What a request says beside its rows. */
export interface RequestParameters {
  /** Sticks the caller to one variant of a rollout. */
  readonly key: string | null;
  /** Event time, milliseconds since 1970; only for callers who may say it. */
  readonly at: number | null;
  /** Milliseconds after which the caller no longer waits. */
  readonly timeoutMs: number | null;
}

const none: RequestParameters = Object.freeze({ key: null, at: null, timeoutMs: null });

/** Reads `parameters` of a request; those it does not know are somebody else's. @throws RelearnError `InvalidInput`. */
export function readParameters(value: unknown): RequestParameters {
  if (value === undefined) return none;
  const { key, at, timeout_ms: timeout } = asObject(value, "parameters");
  if (key === undefined && at === undefined && timeout === undefined) return none;
  return { key: key === undefined ? null : keyOf(key), at: at === undefined ? null : atOf(at), timeoutMs: timeout === undefined ? null : timeoutOf(timeout) };
}

/** @throws RelearnError `InvalidInput` where it is no object. */
export function asObject(value: unknown, what: string): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : refuse(`${what}: expected an object, found ${shown(value)}`);
}

/** @throws RelearnError `InvalidInput` where it is no list. */
export function asList(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${what}: expected a list, found ${shown(value)}`);
}

function keyOf(key: unknown): string {
  if (typeof key === "string" && key.length > 0 && key.length <= 256) return key;
  return Number.isSafeInteger(key) ? String(key) : refuse(`parameters.key: expected a string of 1 to 256 characters, found ${shown(key)}`);
}

function atOf(at: unknown): number {
  const milliseconds = instant.safeParse(at).success ? Date.parse(at as string) : Number.NaN;
  return Number.isNaN(milliseconds) ? refuse(`parameters.at: expected a UTC instant such as 2013-03-01T00:00:00Z, found ${shown(at)}`) : milliseconds;
}

/** Also of the header that says the same. */
export function timeoutOf(timeout: unknown): number {
  const given = typeof timeout === "string" && /^\d{1,9}$/.test(timeout) ? Number(timeout) : timeout;
  return typeof given === "number" && given > 0 && Number.isFinite(given) ? given : refuse(`timeout_ms: expected milliseconds above 0, found ${shown(timeout)}`);
}
