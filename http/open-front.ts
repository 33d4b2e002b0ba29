import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import { bodyShares } from "./body-shares.ts";
import { answerBrokenRequests } from "./broken-request.ts";
import { checkSite, type SiteSettings } from "./check-site.ts";
import { allowedOrigin, preflight } from "./cross-origin.ts";
import { errorReply, HttpError } from "./error-reply.ts";
import type { HttpLimits } from "./limits.ts";
import { readBody } from "./read-body.ts";
import { makeMatcher, type Match, type Reply, type Route } from "./route-table.ts";
import { send } from "./send.ts";

/** What a caller was found to be allowed to. */
export interface Admission<Scope extends string> {
  readonly may: (scope: Scope) => boolean;
  /** Name of who asks, once the body was looked at; null where nobody needs to say. */
  readonly caller?: () => string | null;
  /** Looks at the whole body before anything is made of it, such as for its signature. @throws HttpError */
  readonly checkBody?: (body: Buffer) => void;
}

export interface FrontOptions<Scope extends string> {
  readonly routes: readonly Route<Scope>[];
  readonly site: SiteSettings;
  /** 0: one that is free. */
  readonly port: number;
  readonly limits: HttpLimits;
  /** Asked of every route but one that nobody has: who may not go on is refused by it. @throws HttpError */
  readonly admit: (route: Route<Scope>, headers: IncomingHttpHeaders) => Admission<Scope>;
  /** Told of failures that are the server's own, whose callers got no details. */
  readonly report?: (error: unknown) => void;
}

export interface Front {
  readonly url: string;
  /** Stops listening, answers what is under way, and ends when that is done or its time is over. */
  close(): Promise<void>;
}

/** Answers a table of routes over HTTP; what is not in it is not there. @throws RelearnError `Usage` where the port is taken. */
export async function openFront<Scope extends string>(options: FrontOptions<Scope>): Promise<Front> {
  const { limits, site, port } = options;
  let closing = false;
  const answer = answerer(options);
  const server = createServer({ requireHostHeader: false, maxHeaderSize: limits.headerBytes, headersTimeout: limits.headersMs, requestTimeout: limits.requestMs, keepAliveTimeout: limits.idleMs, connectionsCheckingInterval: checkEvery(limits) },
    (request, response) => void answer(request).then((reply) => send(request, response, reply, { last: closing, origin: allowedOrigin(site, request), idleMs: limits.idleMs })));
  server.maxConnections = limits.connections;
  // Whoever reads nothing of a long answer would keep it in memory, and the connection, for ever.
  server.setTimeout(limits.stalledMs);
  // Connections that rest make room for those that ask, so that nobody keeps all of them by resting.
  server.on("drop", () => server.closeIdleConnections());
  answerBrokenRequests(server, limits);
  await listening(server, { host: site.host, port });
  return {
    url: urlOf(server, site.host),
    close() {
      closing = true;
      return drained(server, limits.drainMs);
    },
  };
}

const checkEvery = ({ headersMs, requestMs }: HttpLimits): number => Math.max(50, Math.min(headersMs, requestMs) / 10);
const noBody = Buffer.alloc(0);

function answerer<Scope extends string>({ routes, site, limits, admit, report }: FrontOptions<Scope>): (request: IncomingMessage) => Promise<Reply> {
  const match = makeMatcher(routes);
  const shareOf = bodyShares(Math.max(limits.bodiesBytes, 2 * limits.bodyBytes));
  return async (request) => {
    const share = shareOf();
    try {
      const { headers } = request;
      checkSite(site, headers);
      if (request.method === "OPTIONS" && allowedOrigin(site, request) !== null) return preflight;
      const { route, path, query } = routeOf(match, request);
      const { may, checkBody, caller } = admit(route, headers);
      const body = request.method === "GET" ? noBody : await readBody(request, limits, share);
      checkBody?.(body);
      return await route.handle({ path, query, headers, body, may, caller: caller?.() ?? null });
    } catch (error) {
      const reply = errorReply(error);
      // A caller who is told to come back knows all there is to know, and may come back often.
      if (reply.status >= 500 && failureTypeOf(error) !== "NotReady") report?.(error);
      return reply;
    } finally {
      share.shrink(Infinity);
    }
  };
}

function routeOf<Scope extends string>(match: (path: string) => Match<Scope> | null, request: IncomingMessage) {
  const url = request.url ?? "";
  const end = url.indexOf("?");
  const found = match(end < 0 ? url : url.slice(0, end));
  if (found === null) throw new HttpError(404, "there is no such path here");
  const route = found.routes.get(request.method ?? "");
  if (route === undefined) throw new HttpError(405, `this path takes ${[...found.routes.keys()].join(", ")}`, ["Allow", [...found.routes.keys()].join(", ")]);
  return { route, path: found.path, query: end < 0 ? "" : url.slice(end + 1) };
}

function listening(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new RelearnError("Usage", `cannot listen on ${host}:${port} (${error.code ?? error.message}): stop what listens there, or choose another port`, { cause: error })));
    server.listen(port, host, resolve);
  });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function drained(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), withinMs);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
