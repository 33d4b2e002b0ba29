import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Notice } from "../../schemas/notice.ts";
import type { NoticeReceiver } from "../../schemas/notice-receiver.ts";
import { allowedLookup, checkLiteral } from "./allowed-address.ts";

const timeoutMs = 15_000;

/** A CloudEvent 1.0, structured. */
export function cloudEventOf({ id, type, pipeline, subject, time, data }: Notice): string {
  return JSON.stringify({ specversion: "1.0", id, source: `relearn:${pipeline}`, type: `io.relearn.${type}`, subject, time, datacontenttype: "application/json", pipeline, data });
}

/**
 * Posts a notice, signed by Standard Webhooks 1.0. Redirects are not followed.
 * @param nowMs milliseconds since 1970, for the signature
 * @returns the status of the reply
 * @throws Error where nobody answers in time, or the address is none that may be asked. No message holds the URL: it may be a secret.
 */
export function postNotice({ url, secret, allow }: NoticeReceiver, notice: Notice, nowMs: number, signal?: AbortSignal): Promise<number> {
  const body = cloudEventOf(notice);
  const target = new URL(url);
  const ending = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
  return new Promise((resolve, reject) => {
    checkLiteral(target.hostname, allow);
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    const sent = send(target, { method: "POST", headers: { "content-type": "application/cloudevents+json", "content-length": Buffer.byteLength(body), "user-agent": "relearn", ...signatureOf(secret, notice.id, nowMs, body) }, lookup: allowedLookup(allow), agent: false, signal: ending }, (response) => {
      resolve(response.statusCode ?? 0);
      // What else it says is of no use to us, however long it is.
      response.destroy();
    });
    sent.once("error", (error) => reject(ending.aborted && signal?.aborted !== true ? new Error(`no answer within ${timeoutMs / 1_000} s`) : error));
    sent.end(body);
  });
}

function signatureOf(secrets: readonly string[], id: string, nowMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const sign = (secret: string): string => createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64")).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": secrets.map((secret) => `v1,${sign(secret)}`).join(" ") };
}
