import { isLoopback } from "../http/check-site.ts";
import { type Front, openFront } from "../http/open-front.ts";
import type { HttpLimits } from "../http/limits.ts";
import type { Route } from "../http/route-table.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { GatewaySettings } from "../schemas/gateway-settings.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { type GatewayScope, makeAdmit } from "./admit.ts";
import type { Retraining } from "./retraining.ts";
import { routesOf } from "./routes.ts";
import { openSenders, senderOf, type Senders } from "./senders.ts";

/** A notice is small, and nothing that comes in is worth waiting for. */
export const gatewayLimits: HttpLimits = Object.freeze({
  bodyBytes: 2 ** 20, bodiesBytes: 64 * 2 ** 20, expansion: 0, headerBytes: 16 * 2 ** 10, depth: 32, elements: 200_000,
  headersMs: 10_000, requestMs: 15_000, idleMs: 65_000, stalledMs: 70_000, connections: 1_024, drainMs: 15_000,
});

export interface GatewayOptions {
  readonly settings: GatewaySettings;
  /** This home's own, which lets in where no file of senders is named. */
  readonly token: string;
  readonly store: ObjectStore;
  readonly retraining: Retraining;
  readonly limits?: HttpLimits;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told of failures that are the gateway's own, whose callers got no details. */
  readonly report?: (error: unknown) => void;
}

export interface RunningGateway extends Front {
  /** As they are answered; an authorisation test walks them. */
  readonly routes: readonly Route<GatewayScope>[];
}

/**
 * Takes alarms from other systems over HTTP.
 * @throws RelearnError `InvalidInput` where other machines could ask and no senders are named; `Usage` where the port is taken.
 */
export async function openGateway({ settings, token, store, retraining, limits = gatewayLimits, now = Date.now, report }: GatewayOptions): Promise<RunningGateway> {
  const { host, port, sendersFile, grafanaTimestampHeader } = settings;
  if (!isLoopback(host) && sendersFile === null) throw new RelearnError("InvalidInput", `listening on ${host} lets other machines ask: name a file of those who may in RELEARN_WEBHOOK_TOKENS_FILE (docs/gateway.md), or listen on 127.0.0.1`);
  const senders = sendersOf(settings, token, report);
  const routes = routesOf({ store, retraining, now, limits });
  const admit = makeAdmit({ senders, grafanaTimestampHeader, now });
  return { ...(await openFront<GatewayScope>({ routes, site: { host, origins: [] }, port, limits, admit, ...(report === undefined ? {} : { report }) })), routes };
}

function sendersOf({ sendersFile }: GatewaySettings, token: string, report: GatewayOptions["report"]): Senders {
  if (sendersFile !== null) return openSenders(sendersFile, (reason) => report?.(new Error(`the senders cannot be read, so nobody is let in: ${reason}`)));
  const local = [senderOf({ name: "local", secret: token })];
  return () => local;
}
