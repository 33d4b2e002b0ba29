import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "../../http/error-reply.ts";
import { type JsonLimits, parseJson } from "../../http/json-body.ts";
import type { Call } from "./route-table.ts";

/** @throws HttpError 415 where a body says to be something else. */
export function checkJson(headers: IncomingHttpHeaders): void {
  if (headers["content-type"]?.startsWith("application/octet-stream") === true) throw new HttpError(415, "Content-Type: application/octet-stream needs the header Inference-Header-Content-Length, and only inference takes it");
}

/** Of a route whose bodies are small. @throws RelearnError `InvalidInput`; HttpError 413, 415. */
export function jsonOf(limits: JsonLimits, { headers, body }: Call, mostBytes: number): unknown {
  checkJson(headers);
  if (body.length > mostBytes) throw new HttpError(413, `the body is larger than the ${mostBytes} bytes that this path takes`);
  return parseJson(body, limits);
}
