import { RelearnError } from "../schemas/failures.ts";

interface Answer {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  /** Set on errors of the file system only. */
  readonly path?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** HTTP status of a refused request; undefined when no answer arrived. */
export function statusOf(error: unknown): number | undefined {
  const answer = error as Answer;
  return answer.$metadata?.httpStatusCode ?? answer.$response?.statusCode;
}

export const isMissingBucket = (error: unknown): boolean => (error as Answer).name === "NoSuchBucket";

/** Codes that come with a 4xx status and yet pass by themselves. */
const passing = new Set(["RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"]);

/** True when the outcome is unknown or the server asks to come back: no answer, 408, 429, 5xx, a body that broke off. */
export function isWorthRetrying(error: unknown): boolean {
  const status = statusOf(error);
  if (passing.has((error as Answer).name ?? "")) return true;
  if (status === undefined || (status >= 200 && status < 300)) return !isLocal(error);
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** Failures of this machine and of its settings, which asking again does not cure: the disk, a missing file, no credentials. */
function isLocal(error: unknown): boolean {
  const { code, name, path } = error as Answer;
  return typeof path === "string" || ["ENOSPC", "EFBIG", "EDQUOT", "EMFILE"].includes(code ?? "") || name === "CredentialsProviderError";
}

/** Names the bucket, the key and what the server said. */
export function storeFailure(error: unknown, operation: string, bucket: string, key: string): Error {
  if (error instanceof RelearnError) return error;
  const { name, message, code } = error as Answer;
  if (isLocal(error) && name !== "CredentialsProviderError") return error as Error;
  const status = statusOf(error);
  const said = [status === undefined ? null : `HTTP ${status}`, name === "Error" ? code : name, message].filter(Boolean).join(" ");
  const what = `${operation} s3://${bucket}/${key}: ${said}`;
  if (isWorthRetrying(error)) return new RelearnError("StoreUnavailable", `the object store did not answer ${what}; check that it runs and can be reached`, { cause: error });
  return new RelearnError("StoreRefused", `the object store refused ${what}; ${adviceFor(status, name)}`, { cause: error });
}

function adviceFor(status: number | undefined, name: string | undefined): string {
  if (name === "NoSuchBucket") return "create the bucket, or name another one";
  if (name === "RequestTimeTooSkewed") return "set this machine's clock";
  if (name === "CredentialsProviderError") return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  if (status === 401 || status === 403) return "check the credentials and what they may do in this bucket";
  if (status === 501) return "this server lacks an operation that Relearn needs; `relearn doctor` says which";
  return "check endpoint, region and bucket";
}
