import type { IncomingHttpHeaders } from "node:http";
import { isLoopback, type SiteSettings } from "../../http/check-site.ts";
import { HttpError } from "../../http/error-reply.ts";
import type { Scope } from "./route-table.ts";
import type { Tokens } from "./tokens.ts";

export interface GuardSettings extends SiteSettings {
  /** Null: nobody has a token. */
  readonly tokens: Tokens | null;
}

const openOnLoopback: readonly Scope[] = ["public", "predict", "feedback", "backfill"];
const openToAll: readonly Scope[] = ["public"];

/** Whose name is null has no token. */
export interface Caller { readonly name: string | null; readonly scopes: readonly Scope[] }

/**
 * Who a caller is, and what it may: by the token, or without one where nobody has any and only this machine is listened to. Administration always takes a token.
 * @throws HttpError 401 for a token that is not known.
 */
export function callerOf({ host, tokens }: GuardSettings, headers: IncomingHttpHeaders): Caller {
  const { authorization } = headers;
  if (authorization === undefined) return { name: null, scopes: tokens === null && isLoopback(host) ? openOnLoopback : openToAll };
  const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(authorization)?.[1];
  const holder = token === undefined || tokens === null ? null : tokens.holderOf(token);
  if (holder === null) throw unauthorised("the token is not known, or no longer valid");
  return holder;
}

/** @throws HttpError 401 without a token, 403 with one that does not allow it. */
export function checkScope(scope: Scope, scopes: readonly Scope[], headers: IncomingHttpHeaders): void {
  if (scope === "public" || scopes.includes(scope)) return;
  if (headers.authorization === undefined) throw unauthorised("this needs a token: Authorization: Bearer TOKEN");
  throw new HttpError(403, `the token does not allow this: it needs the scope ${scope}`);
}

const unauthorised = (message: string): HttpError => new HttpError(401, message, ["WWW-Authenticate", "Bearer"]);
