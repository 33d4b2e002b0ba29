import { type FailureType, failureTypeOf } from "../schemas/failures.ts";
import type { Reply } from "./route-table.ts";

/** An error that has a status of its own. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: readonly string[];

  constructor(status: number, message: string, headers: readonly string[] = []) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

const retryAfter = ["Retry-After", "1"];

/** Failures a caller may hear of; any other is ours, and its words stay here. */
const statuses: Partial<Record<FailureType, { readonly status: number; readonly says?: string; readonly headers?: readonly string[] }>> = {
  InvalidInput: { status: 400 },
  NotFound: { status: 404 },
  Overloaded: { status: 429, headers: retryAfter },
  NotReady: { status: 503, headers: retryAfter },
  InferenceLimit: { status: 504, says: "the model did not answer in time (InferenceLimit)" },
  ModelRefused: { status: 500, says: "the model gave no usable answer for these rows (ModelRefused)" },
  InferenceFailed: { status: 500, says: "the model's process ended before it answered; the same request may be sent again (InferenceFailed)" },
  DiskFull: { status: 503, says: "the server's disk is full (DiskFull)", headers: retryAfter },
  TemporalUnavailable: { status: 503, says: "Temporal does not answer (TemporalUnavailable)", headers: retryAfter },
  StoreUnavailable: { status: 503, says: "the object store does not answer (StoreUnavailable)", headers: retryAfter },
};

/** `{"error": string}` with the status that fits. No stack, path or key ever leaves with it. */
export function errorReply(error: unknown): Reply {
  if (error instanceof HttpError) return { status: error.status, body: errorBody(error.message), headers: error.headers };
  const type = failureTypeOf(error);
  const known = type === null ? undefined : statuses[type];
  if (known === undefined) return { status: 500, body: errorBody("the server failed to answer this request") };
  const message = known.says ?? (error as Error).message;
  return { status: known.status, body: errorBody(isTelling(message) ? `the request could not be answered (${type})` : message), headers: known.headers ?? [] };
}

export const errorBody = (message: string): string => JSON.stringify({ error: message });

/** Words that name a place on this machine or in the bucket, or code. */
const isTelling = (message: string): boolean => /(^|[\s"'(=])(\/|[A-Za-z]:\\)[\w.-]+[\\/]|s3:\/\/|\b(blobs|models|replicas|predictions)\/[\w-]+\/|\bat \S+ \(|node:internal/.test(message);
