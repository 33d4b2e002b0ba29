import { HttpError } from "../../http/error-reply.ts";

/** How far a sender's clock may be from ours, in both directions. */
export const toleranceMs = 300_000;

/** @param text whole seconds since 1970. @throws HttpError 401 for another form, or a time outside the window. */
export function checkTime(header: string, text: string | undefined, nowMs: number): string {
  if (text === undefined || !/^\d{1,12}$/.test(text)) throw new HttpError(401, `${header}: must say when this was signed, in seconds since 1970`);
  if (Math.abs(Number(text) * 1_000 - nowMs) > toleranceMs) throw new HttpError(401, `${header}: is more than ${toleranceMs / 60_000} minutes away from this machine's clock`);
  return text;
}
