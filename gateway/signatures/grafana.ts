import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "../../http/error-reply.ts";
import { checkTime } from "./time-window.ts";

export const grafanaHeader = "x-grafana-alerting-signature";

export interface GrafanaHeaders {
  readonly hmac: Buffer;
  /** Null: the body alone is signed. */
  readonly timestamp: string | null;
}

/** @param timestampHeader as Grafana's contact point names it; with one, a signature without its time does not count. @throws HttpError 401 */
export function readGrafanaHeaders(headers: IncomingHttpHeaders, timestampHeader: string | null, nowMs: number): GrafanaHeaders {
  const signature = headers[grafanaHeader] as string | undefined;
  if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) throw new HttpError(401, "X-Grafana-Alerting-Signature: must be an HMAC-SHA256 in lower-case hex");
  const timestamp = timestampHeader === null ? null : checkTime(timestampHeader, headers[timestampHeader] as string | undefined, nowMs);
  return { hmac: Buffer.from(signature, "hex"), timestamp };
}

/** @param secret as it was typed into Grafana, in UTF-8. */
export function isSignedWith(secret: Buffer, { hmac, timestamp }: GrafanaHeaders, body: Buffer): boolean {
  return timingSafeEqual(hmac, createHmac("sha256", secret).update(timestamp === null ? "" : `${timestamp}:`).update(body).digest());
}
