/** A server that says 0 is not hammered. */
const leastMs = 100;
/** Callers who were refused together come back spread over a quarter of the wait. */
const spread = 0.25;

/**
 * Milliseconds to wait before the same request may be sent again; null: it may not. Only 429 and 503 that say when mean "not now": the server did not
 * answer, and asks to be asked again.
 * @param retryAfter the header: seconds, or a date.
 * @param now milliseconds since 1970.
 * @param chance from 0 to 1: the caller's place among those who come back.
 */
export function waitBefore(status: number, retryAfter: string | null, now: number, chance: number): number | null {
  if ((status !== 429 && status !== 503) || retryAfter === null) return null;
  const saysMs = /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isNaN(saysMs) ? null : Math.max(saysMs, leastMs) * (1 + spread * chance);
}
