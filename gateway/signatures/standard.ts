import { createHmac, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "../../http/error-reply.ts";
import { checkTime } from "./time-window.ts";

/** The three headers of Standard Webhooks 1.0. */
export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly hmacs: readonly Buffer[];
  readonly ed25519: readonly Buffer[];
}

const mostSignatures = 20;

/** @throws HttpError 401 where one is missing, is of another form, or lies outside the time window. */
export function readStandardHeaders(headers: IncomingHttpHeaders, nowMs: number): StandardHeaders {
  const [id, timestamp, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headers[name] as string | undefined);
  if (id === undefined || signature === undefined) throw new HttpError(401, "this needs the headers webhook-id, webhook-timestamp and webhook-signature");
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) throw new HttpError(401, "webhook-id: must be 1 to 255 printable characters");
  const checked = checkTime("webhook-timestamp", timestamp, nowMs);
  const parts = signature.split(" ").slice(0, mostSignatures);
  return { id, timestamp: checked, hmacs: parts.flatMap((part) => bytesOf(/^v1,([A-Za-z0-9+/]{43}=)$/, part)), ed25519: parts.flatMap((part) => bytesOf(/^v1a,([A-Za-z0-9+/]{86}==)$/, part)) };
}

/** None where the base64 is not the one way to write these bytes: its last digit holds bits that nobody reads. */
function bytesOf(form: RegExp, part: string): Buffer[] {
  const text = form.exec(part)?.[1] ?? "";
  const bytes = Buffer.from(text, "base64");
  return text === "" || bytes.toString("base64") !== text ? [] : [bytes];
}

/** What is signed: id, time and the body as it came. */
const signed = ({ id, timestamp }: StandardHeaders, body: Buffer): Buffer => Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);

/** Whether any of the signatures is this secret's; each is compared in the same time. */
export function isSignedWith(secret: Buffer, headers: StandardHeaders, body: Buffer): boolean {
  const wanted = createHmac("sha256", secret).update(signed(headers, body)).digest();
  return headers.hmacs.map((given) => timingSafeEqual(given, wanted)).includes(true);
}

export const isSignedBy = (key: KeyObject, headers: StandardHeaders, body: Buffer): boolean => headers.ed25519.some((given) => verify(null, signed(headers, body), key, given));
