import type { IncomingMessage } from "node:http";
import type { SiteSettings } from "./check-site.ts";
import type { Reply } from "./route-table.ts";

/** The origin of a request's page where it is elsewhere and listed; else null. */
export function allowedOrigin({ origins }: SiteSettings, { headers }: IncomingMessage): string | null {
  return origins.length > 0 && headers.origin !== undefined && origins.includes(headers.origin) ? headers.origin : null;
}

/** What a browser asks before it lets a listed page send JSON or a token. */
export const preflight: Reply = {
  status: 204, body: "",
  headers: ["Access-Control-Allow-Methods", "GET, POST", "Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, Inference-Header-Content-Length, Relearn-Timeout-Ms", "Access-Control-Max-Age", "600"],
};
