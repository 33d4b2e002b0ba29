import { z } from "zod";
import { name, sha256 } from "./names.ts";
import { instant } from "./time.ts";

const fewestBytes = 24;
const decodedBytes = (text: string): number => Buffer.from(text.replace(/^wh(sec|pk)_/, ""), "base64").length;

/**
 * What two systems sign with: `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks 1.0), or, for Grafana, any text of 24 bytes or more. A sender
 * that cannot sign sends it as a bearer token.
 */
export const webhookSecret = z.string().max(512).refine((text) => {
  if (!text.startsWith("whsec_")) return Buffer.byteLength(text) >= fewestBytes;
  return /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) && decodedBytes(text) >= fewestBytes && decodedBytes(text) <= 64;
}, "must be whsec_ and 24 to 64 random bytes in base64, or another text of at least 24 bytes");

/** One system that may send alarms. Two of one name let a secret be changed without a gap. */
export const webhookSender = z.strictObject({
  name: z.string().regex(/^[\w .@-]{1,100}$/, "must be 1 to 100 letters, digits, spaces or _ . @ -"),
  secret: webhookSecret.optional(),
  /** Of a bearer token, for a file that is to hold no secret. */
  sha256: sha256.optional(),
  /** ed25519 (`v1a` of Standard Webhooks), 32 bytes. */
  publicKey: z.string().refine((text) => /^whpk_[A-Za-z0-9+/]{43}=$/.test(text), "must be whpk_ and the 32 bytes of an ed25519 key in base64").optional(),
  /** Those it may speak of; all of them where it is left out. */
  pipelines: z.array(name).min(1).optional(),
  expires: instant.optional(),
}).refine(({ secret, sha256: hash, publicKey }) => [secret, hash, publicKey].filter((one) => one !== undefined).length === 1, "must have exactly one of secret, sha256 and publicKey").readonly();
export type WebhookSender = z.infer<typeof webhookSender>;

/** The file that RELEARN_WEBHOOK_TOKENS_FILE names. Each one's secret is tried on each body, hence no more of them. */
export const webhookSenders = z.array(webhookSender).max(100);
