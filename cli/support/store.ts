import { RelearnError } from "../../schemas/failures.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

/** A person waits: a store that does not answer is told within 5 s. */
const patience = { timeoutMs: 2_000, attempts: 2 };

/** Opens Relearn's bucket for the time of `work`. @throws RelearnError `StoreUnavailable`, `StoreRefused` */
export async function withStore<T>({ s3 }: Settings, work: (store: ObjectStore) => Promise<T>): Promise<T> {
  if (s3.from === "local" && s3.endpoint === null) throw new RelearnError("StoreUnavailable", "the local stack is not running: start it with `relearn up`, or name an object store in RELEARN_S3_ENDPOINT");
  const { connectS3 } = await import("../../stores/s3-object-store.ts");
  const { accessKeyId, secretAccessKey, sessionToken } = s3.credentials ?? {};
  const credentials = accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } };
  const store = connectS3({ bucket: s3.bucket, endpoint: s3.endpoint, region: s3.region, ...credentials, ...patience });
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
