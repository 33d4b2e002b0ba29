import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "../http/error-reply.ts";
import type { Admission } from "../http/open-front.ts";
import type { HookSource } from "./occurrence.ts";
import { isBinary } from "./read/cloud-events.ts";
import { hasToken, type Sender, type Senders, senderWhere } from "./senders.ts";
import * as grafana from "./signatures/grafana.ts";
import * as standard from "./signatures/standard.ts";

/** A hook of this format, or one pipeline that it speaks of. `public` is open to everybody. */
export type GatewayScope = "public" | HookSource | `pipeline:${string}`;

export interface GuardOptions {
  readonly senders: Senders;
  readonly grafanaTimestampHeader: string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What proves who sends: known before the body is read, or once it is whole. */
type Proof = { readonly sender: Sender } | { readonly of: (body: Buffer) => Sender | null };

/** Refuses whoever does not prove to be a sender that is listed; without any proof not even the body is read. @throws HttpError 401 */
export function makeAdmit(options: GuardOptions): (route: { readonly scope: GatewayScope }, headers: IncomingHttpHeaders) => Admission<GatewayScope> {
  return ({ scope }, headers) => {
    if (scope === "public") return { may: (wanted) => wanted === "public" };
    const proof = proofOf(scope as HookSource, headers, options);
    let sender = "sender" in proof ? proof.sender : null;
    return {
      may: (wanted) => sender !== null && mayDo(sender, scope, wanted),
      caller: () => sender?.name ?? null,
      ...("of" in proof && {
        checkBody(body: Buffer) {
          sender = proof.of(body);
          if (sender === null) throw unauthorised("the signature is nobody's who may send here");
        },
      }),
    };
  };
}

const mayDo = ({ pipelines }: Sender, scope: GatewayScope, wanted: GatewayScope): boolean =>
  wanted.startsWith("pipeline:") ? pipelines === null || pipelines.includes(wanted.slice("pipeline:".length)) : wanted === scope || wanted === "public";

function proofOf(source: HookSource, headers: IncomingHttpHeaders, options: GuardOptions): Proof {
  if (source === "standard" || (source === "cloudevents" && headers["webhook-signature"] !== undefined)) return standardProof(source, headers, options);
  if (source === "grafana" && headers[grafana.grafanaHeader] !== undefined) return grafanaProof(headers, options);
  const token = tokenOf(headers.authorization);
  if (token === null) throw unauthorised(`this needs a token: Authorization: Bearer TOKEN${source === "alertmanager" ? "" : ", or a signature"}`);
  const sender = senderWhere(options.senders(), hasToken(token), options.now());
  if (sender === null) throw unauthorised("the token is not known, or no longer valid");
  return { sender };
}

/** A bearer token, or the password of basic authentication. */
function tokenOf(authorization: string | undefined): string | null {
  const basic = /^Basic ([A-Za-z0-9+/]{1,1000}={0,2})$/i.exec(authorization ?? "")?.[1];
  if (basic !== undefined) return Buffer.from(basic, "base64").toString().replace(/^[^:]*:/, "");
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? "")?.[1] ?? null;
}

function standardProof(source: HookSource, headers: IncomingHttpHeaders, { senders, now }: GuardOptions): Proof {
  if (source === "cloudevents" && isBinary(headers)) throw unauthorised("a signature covers the body, and not the ce- headers: send the event structured (application/cloudevents+json), or with a bearer token");
  const read = standard.readStandardHeaders(headers, now());
  const signs = (body: Buffer) => ({ standardKey, publicKey }: Sender): boolean => (standardKey !== null && standard.isSignedWith(standardKey, read, body)) || (publicKey !== null && standard.isSignedBy(publicKey, read, body));
  return { of: (body) => senderWhere(senders(), signs(body), now()) };
}

function grafanaProof(headers: IncomingHttpHeaders, { senders, grafanaTimestampHeader, now }: GuardOptions): Proof {
  const read = grafana.readGrafanaHeaders(headers, grafanaTimestampHeader, now());
  return { of: (body) => senderWhere(senders(), ({ grafanaKey }) => grafanaKey !== null && grafana.isSignedWith(grafanaKey, read, body), now()) };
}

const unauthorised = (message: string): HttpError => new HttpError(401, message, ["WWW-Authenticate", "Bearer"]);
