import { HttpError } from "../../http/error-reply.ts";
import { type JsonLimits, parseJson } from "../../http/json-body.ts";
import type { Call } from "./route-table.ts";

/** @throws RelearnError `InvalidInput`; HttpError 415 where the body says to be something else. */
export function jsonOf(limits: JsonLimits, { headers, body }: Call): unknown {
  if (headers["content-type"]?.startsWith("application/octet-stream") === true) throw new HttpError(415, "Content-Type: application/octet-stream needs the header Inference-Header-Content-Length, and only inference takes it");
  return parseJson(body, limits);
}
