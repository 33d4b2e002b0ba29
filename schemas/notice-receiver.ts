import { z } from "zod";
import { title } from "./names.ts";
import { noticeType } from "./notice.ts";
import { webhookSecret } from "./webhook-sender.ts";

const signingSecret = webhookSecret.refine((text) => text.startsWith("whsec_"), "must be whsec_ and 24 to 64 random bytes in base64");

/** Whom to tell; only an operator's file names one. */
export const noticeReceiver = z.strictObject({
  name: title,
  url: z.string().max(2_000).refine(isPlainUrl, "must be an http or https address without a user or a password"),
  /** With two, each notice carries two signatures, so that the receiver can change over. */
  secret: z.union([signingSecret, z.array(signingSecret).min(1).max(5)]).transform((one) => (typeof one === "string" ? [one] : one)),
  events: z.array(noticeType).min(1).default([...noticeType.options]),
  /** Addresses that are refused otherwise: link-local ones and those of clouds' metadata. */
  allow: z.array(z.union([z.ipv4(), z.ipv6()])).max(20).default([]),
}).readonly();
export type NoticeReceiver = z.infer<typeof noticeReceiver>;

/** The file that RELEARN_NOTICES names. */
export const noticeReceivers = z.array(noticeReceiver).max(50).refine((all) => new Set(all.map((one) => one.name)).size === all.length, "must have a name of its own each");

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
