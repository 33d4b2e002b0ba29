import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { RelearnError } from "../../schemas/failures.ts";
import { answerBrokenRequests } from "./broken-request.ts";
import { allowedOrigin, preflight } from "./cross-origin.ts";
import { errorReply, HttpError } from "./error-reply.ts";
import { checkScope, checkSite, type GuardSettings, isLoopback, scopesOf } from "./guard.ts";
import type { Limits } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { readBody } from "./read-body.ts";
import { makeMatcher, type Reply, type Route } from "./route-table.ts";
import { routesOf } from "./routes.ts";
import { send } from "./send.ts";

export interface ServerSettings extends GuardSettings {
  /** 0: one that is free. */
  readonly port: number;
  readonly limits: Limits;
}

export interface ServerOptions extends Omit<Parts, "limits" | "closing"> {
  readonly settings: ServerSettings;
  /** Told of failures that are the server's own, whose callers got no details. */
  readonly report?: (error: unknown) => void;
}

export interface RunningServer {
  readonly url: string;
  /** As they are answered; an authorisation test walks them. */
  readonly routes: readonly Route[];
  /** Stops listening, answers what is under way, and ends when that is done or its time is over. */
  close(): Promise<void>;
}

/**
 * Serves predictions over HTTP.
 * @throws RelearnError `InvalidInput` where others than this machine could ask and nobody has a token; `Usage` where the port is taken.
 */
export async function startServer({ settings, report, ...given }: ServerOptions): Promise<RunningServer> {
  if (!isLoopback(settings.host) && settings.tokens === null) throw new RelearnError("InvalidInput", `listening on ${settings.host} lets other machines ask: name a file in RELEARN_TOKENS_FILE, make a token in it with \`npx relearn token create NAME --scopes predict\`, or listen on 127.0.0.1`);
  const { limits } = settings;
  let closing = false;
  const routes = routesOf({ ...given, limits, closing: () => closing });
  const answer = answerer(routes, settings, report ?? (() => undefined));
  const server = createServer({ requireHostHeader: false, maxHeaderSize: limits.headerBytes, headersTimeout: limits.headersMs, requestTimeout: limits.requestMs, keepAliveTimeout: limits.idleMs, connectionsCheckingInterval: checkEvery(limits) },
    (request, response) => void answer(request).then((reply) => send(request, response, reply, { last: closing, origin: allowedOrigin(settings, request), idleMs: limits.idleMs })));
  server.maxConnections = limits.connections;
  answerBrokenRequests(server, limits);
  await listening(server, settings);
  return {
    url: urlOf(server, settings.host), routes,
    close() {
      closing = true;
      return drained(server, limits.drainMs);
    },
  };
}

const checkEvery = ({ headersMs, requestMs }: Limits): number => Math.max(50, Math.min(headersMs, requestMs) / 10);
const noBody = Buffer.alloc(0);

function answerer(routes: readonly Route[], guard: ServerSettings, report: (error: unknown) => void): (request: IncomingMessage) => Promise<Reply> {
  const match = makeMatcher(routes);
  return async (request) => {
    try {
      const { headers } = request;
      checkSite(guard, headers);
      if (request.method === "OPTIONS" && allowedOrigin(guard, request) !== null) return preflight;
      const { route, path, query } = routeOf(match, request);
      const scopes = scopesOf(guard, headers);
      checkScope(route.scope, scopes, headers);
      const body = request.method === "GET" ? noBody : await readBody(request, guard.limits);
      return await route.handle({ path, query, headers, body, may: (scope) => scopes.includes(scope) });
    } catch (error) {
      const reply = errorReply(error);
      if (reply.status >= 500) report(error);
      return reply;
    }
  };
}

function routeOf(match: ReturnType<typeof makeMatcher>, request: IncomingMessage) {
  const url = request.url ?? "";
  const end = url.indexOf("?");
  const found = match(end < 0 ? url : url.slice(0, end));
  if (found === null) throw new HttpError(404, "there is no such path here");
  const route = found.routes.get(request.method ?? "");
  if (route === undefined) throw new HttpError(405, `this path takes ${[...found.routes.keys()].join(", ")}`, ["Allow", [...found.routes.keys()].join(", ")]);
  return { route, path: found.path, query: end < 0 ? "" : url.slice(end + 1) };
}

function listening(server: Server, { host, port }: ServerSettings): Promise<void> {
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
