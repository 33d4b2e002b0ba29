import { isLoopback } from "../../http/check-site.ts";
import { type Front, openFront } from "../../http/open-front.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { callerOf, checkScope, type GuardSettings } from "./guard.ts";
import type { Limits } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { readBodies } from "./read-bodies.ts";
import type { Route, Scope } from "./route-table.ts";
import { routesOf } from "./routes.ts";

export interface ServerSettings extends GuardSettings {
  /** 0: one that is free. */
  readonly port: number;
  readonly limits: Limits;
}

export interface ServerOptions extends Omit<Parts, "limits" | "bodies" | "closing"> {
  readonly settings: ServerSettings;
  /** Told of failures that are the server's own, whose callers got no details. */
  readonly report?: (error: unknown) => void;
}

export interface RunningServer extends Front {
  /** As they are answered; an authorisation test walks them. */
  readonly routes: readonly Route[];
}

/**
 * Serves predictions over HTTP.
 * @throws RelearnError `InvalidInput` where others than this machine could ask and nobody has a token; `Usage` where the port is taken.
 */
export async function startServer({ settings, report, ...given }: ServerOptions): Promise<RunningServer> {
  if (!isLoopback(settings.host) && settings.tokens === null) throw new RelearnError("InvalidInput", `listening on ${settings.host} lets other machines ask: name a file in RELEARN_TOKENS_FILE, make a token in it with \`npx relearn token create NAME --scopes predict\`, or listen on 127.0.0.1`);
  const { limits, port } = settings;
  let closing = false;
  const bodies = readBodies(limits);
  const routes = routesOf({ ...given, limits, bodies, closing: () => closing });
  const front = await openFront<Scope>({
    routes, site: settings, port, limits, ...(report === undefined ? {} : { report }),
    admit(route, headers) {
      const { name, scopes } = callerOf(settings, headers);
      checkScope(route.scope, scopes, headers);
      return { may: (scope) => scopes.includes(scope), caller: () => name };
    },
  });
  return {
    url: front.url, routes,
    async close() {
      closing = true;
      await front.close();
      await bodies.close();
    },
  };
}
