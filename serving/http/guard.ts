import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "./error-reply.ts";
import type { Scope } from "./route-table.ts";
import type { Tokens } from "./tokens.ts";

export interface GuardSettings {
  /** Address that is listened on. */
  readonly host: string;
  /** Null: nobody has a token. */
  readonly tokens: Tokens | null;
  /** Origins of web pages elsewhere that may ask. */
  readonly origins: readonly string[];
}

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/**
 * Refuses what another web site makes a browser send: a name that was turned to this machine (Host), and a request from elsewhere (Origin, Sec-Fetch-Site).
 * Of every method alike.
 * @throws HttpError 403, 400 where there is no Host.
 */
export function checkSite({ host, origins }: GuardSettings, headers: IncomingHttpHeaders): void {
  const named = headers.host;
  if (named === undefined || named === "") throw new HttpError(400, "the request has no Host header");
  if (isLoopback(host) && !isLocalName(named)) throw new HttpError(403, "this server answers only to localhost, 127.0.0.1 and [::1]");
  const { origin } = headers;
  if (origin !== undefined && origins.includes(origin)) return;
  if (origin !== undefined && !/^https?:\/\//.test(origin)) throw fromElsewhere();
  if (origin !== undefined && origin.slice(origin.indexOf("//") + 2) !== named) throw fromElsewhere();
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") throw fromElsewhere();
}

const isLocalName = (named: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/.test(named);
const fromElsewhere = (): HttpError => new HttpError(403, "requests of other web sites are refused; list their origin if they are meant");

const openOnLoopback: readonly Scope[] = ["public", "predict", "feedback", "backfill"];
const openToAll: readonly Scope[] = ["public"];

/**
 * What a caller may: by the token, or without one where nobody has any and only this machine is listened to. Administration always takes a token.
 * @throws HttpError 401 for a token that is not known.
 */
export function scopesOf({ host, tokens }: GuardSettings, headers: IncomingHttpHeaders): readonly Scope[] {
  const { authorization } = headers;
  if (authorization === undefined) return tokens === null && isLoopback(host) ? openOnLoopback : openToAll;
  const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(authorization)?.[1];
  const scopes = token === undefined || tokens === null ? null : tokens.scopesOf(token);
  if (scopes === null) throw unauthorised("the token is not known, or no longer valid");
  return scopes;
}

/** @throws HttpError 401 without a token, 403 with one that does not allow it. */
export function checkScope(scope: Scope, scopes: readonly Scope[], headers: IncomingHttpHeaders): void {
  if (scope === "public" || scopes.includes(scope)) return;
  if (headers.authorization === undefined) throw unauthorised("this needs a token: Authorization: Bearer TOKEN");
  throw new HttpError(403, `the token does not allow this: it needs the scope ${scope}`);
}

const unauthorised = (message: string): HttpError => new HttpError(401, message, ["WWW-Authenticate", "Bearer"]);
