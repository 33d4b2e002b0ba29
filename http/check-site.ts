import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "./error-reply.ts";

export interface SiteSettings {
  /** Address that is listened on. */
  readonly host: string;
  /** Origins of web pages elsewhere that may ask. */
  readonly origins: readonly string[];
}

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/**
 * Refuses what another web site makes a browser send: a name that was turned to this machine (Host), and a request from elsewhere (Origin, Sec-Fetch-Site).
 * Of every method alike.
 * @throws HttpError 403, 400 where there is no Host.
 */
export function checkSite({ host, origins }: SiteSettings, headers: IncomingHttpHeaders): void {
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
