import { RelearnError } from "../schemas/failures.ts";
import type { Settings } from "../schemas/settings.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { connectS3, type S3Connection } from "../stores/s3-object-store.ts";

/** Nobody waits for a store here, so what it does not answer soon is asked again later. */
const patience = { timeoutMs: 5_000, attempts: 2 };

/** Relearn's bucket as a server uses it: one that cannot be reached fails each request, and never the start. */
export function openServingStore({ s3 }: Pick<Settings, "s3">): S3Connection {
  if (s3.from === "local" && s3.endpoint === null) return { ...unreachable(s3.bucket), close: () => undefined };
  return connectS3({ ...s3, ...(s3.credentials === null ? { credentials: undefined } : { credentials: s3.credentials }), ...patience });
}

function unreachable(bucket: string): ObjectStore {
  const refuse = (): never => {
    throw new RelearnError("StoreUnavailable", "there is no S3 here: start it with `relearn up`, or set RELEARN_S3_ENDPOINT");
  };
  const fail = async (): Promise<never> => refuse();
  return { bucket, get: fail, getIfChanged: fail, head: fail, put: fail, download: fail, upload: fail, remove: fail, list: refuse };
}
