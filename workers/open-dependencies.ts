import { join } from "node:path";
import type { WorkflowClient } from "@temporalio/client";
import type { Dependencies } from "../activities/dependencies.ts";
import { localLauncher } from "../launchers/local.ts";
import type { Settings } from "../schemas/settings.ts";
import { ensureSigningKey } from "../stores/signing.ts";
import { trustedKeys } from "../stores/trusted-keys.ts";
import type { Stores } from "./connect.ts";

/** The real ports of a worker on this machine. @param trustKeys public keys of other installations whose manifests count */
export async function openDependencies(settings: Settings, { store, openBucket }: Stores, workflows: WorkflowClient, trustKeys: readonly string[]): Promise<Dependencies> {
  const { home, root, python, temporal } = settings;
  return {
    store, openBucket, workflows,
    launchers: { local: localLauncher({ home, store, python: python.executable, packages: join(root, "trainers"), env: jobEnvironment(settings) }) },
    scratch: join(home, "scratch"),
    signingKey: await ensureSigningKey(home),
    trusted: () => trustedKeys(home, trustKeys),
    now: () => new Date().toISOString(),
    links: { temporalUi: temporal.ui, temporalAddress: temporal.address ?? "", namespace: temporal.namespace },
  };
}

/** What the wrapper of a job needs: where S3 is and its credentials, and what Python wants on this machine. */
function jobEnvironment({ s3, python }: Settings): Record<string, string | undefined> {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return {
    PATH, HOME, LANG, TMPDIR, ...python.environment,
    ...(s3.endpoint === null ? {} : { RELEARN_S3_ENDPOINT: s3.endpoint }), AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials?.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey, AWS_SESSION_TOKEN: s3.credentials?.sessionToken,
  };
}
