import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "./route-table.ts";
import { canWriteAtOnce, writeAtOnce } from "./write-at-once.ts";

/** How long a caller who is refused may go on sending, so that the refusal reaches them. */
const lingerMs = 1000;

export interface Connection {
  /** Whether it ends after the reply. */
  readonly last: boolean;
  /** Of a page elsewhere that may read the reply. */
  readonly origin: string | null;
  /** Milliseconds that it may rest. */
  readonly idleMs: number;
}

/** Writes a reply. */
export function send(request: IncomingMessage, response: ServerResponse, reply: Reply, { last, origin, idleMs }: Connection): void {
  if (response.destroyed) return;
  if (!last && origin === null && canWriteAtOnce(request, response, reply)) return writeAtOnce(request, response, reply, idleMs);
  const { status, body, type, headers } = reply;
  const all = ["Content-Type", type ?? "application/json", "Content-Length", String(Buffer.byteLength(body))];
  if (headers !== undefined) all.push(...headers);
  if (last) all.push("Connection", "close");
  if (origin !== null) all.push("Access-Control-Allow-Origin", origin, "Access-Control-Expose-Headers", "Relearn-Version, Relearn-Digest, Relearn-Prediction-Id, Relearn-Variant, Inference-Header-Content-Length, Retry-After", "Vary", "Origin");
  response.writeHead(status, all);
  response.end(body);
  if (!request.complete) stopReading(request);
}

/** A body that nobody wants is not read for ever. */
function stopReading(request: IncomingMessage): void {
  const late = setTimeout(() => request.socket.destroy(), lingerMs).unref();
  request.once("end", () => clearTimeout(late));
  request.resume();
}
