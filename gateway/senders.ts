import { createHash, createPublicKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { watchedFile } from "../http/watched-file.ts";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { type WebhookSender, webhookSenders } from "../schemas/webhook-sender.ts";

/** A system that may send alarms. */
export interface Sender {
  readonly name: string;
  /** Null: all. */
  readonly pipelines: readonly string[] | null;
  readonly until: number;
  /** SHA-256 of its bearer token. */
  readonly token: Buffer | null;
  /** Key of its HMACs by Standard Webhooks, and by Grafana. */
  readonly standardKey: Buffer | null;
  readonly grafanaKey: Buffer | null;
  readonly publicKey: KeyObject | null;
}

/** Those who are known now; asked at each request, so that one who is taken back is refused within a second. */
export type Senders = () => readonly Sender[];

const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();
/** SPKI of an ed25519 key, but for its 32 bytes (RFC 8410). */
const spki = Buffer.from("302a300506032b6570032100", "hex");

export function senderOf({ name, secret, sha256, publicKey, pipelines, expires }: WebhookSender): Sender {
  const standard = secret?.startsWith("whsec_") === true ? Buffer.from(secret.slice("whsec_".length), "base64") : null;
  return {
    name, pipelines: pipelines ?? null, until: expires === undefined ? Infinity : Date.parse(expires),
    token: secret !== undefined ? hashOf(secret) : sha256 === undefined ? null : Buffer.from(sha256, "hex"),
    standardKey: standard, grafanaKey: secret === undefined ? null : Buffer.from(secret),
    publicKey: publicKey === undefined ? null : createPublicKey({ key: Buffer.concat([spki, Buffer.from(publicKey.slice("whpk_".length), "base64")]), format: "der", type: "spki" }),
  };
}

/**
 * The senders of a file, which is read again when it changes. One that is gone or cannot be read lets nobody in.
 * @throws RelearnError `InvalidInput` when it cannot be read at first, or names nobody.
 */
export function openSenders(path: string, report: (reason: string) => void): Senders {
  const senders = watchedFile(path, (text) => readJson(webhookSenders, text, path).map(senderOf), { unreadable: [], report });
  if (senders().length === 0) throw new RelearnError("InvalidInput", `${path} names no sender: add one, or nobody is let in`);
  return senders;
}

/** The sender that has this, whoever it is; every one is asked, so that the time tells nothing. */
export function senderWhere(senders: readonly Sender[], has: (sender: Sender) => boolean, nowMs: number): Sender | null {
  let found: Sender | null = null;
  for (const sender of senders) if (has(sender) && nowMs < sender.until) found = sender;
  return found;
}

export function hasToken(token: string): (sender: Sender) => boolean {
  const hash = hashOf(token);
  return (sender) => sender.token !== null && timingSafeEqual(sender.token, hash);
}
