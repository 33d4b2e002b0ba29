import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { bundleInputs, bundleWorkflows } from "../../infra/setup/bundle-workflows.mjs";
import { stampOf } from "../../infra/setup/stamps.mjs";
import { loadSettings, type S3Credentials } from "../../schemas/settings.ts";
import { sweepScratch } from "./scratch.ts";

declare module "vitest" {
  export interface ProvidedContext {
    temporal: { readonly address: string; readonly namespace: string; readonly ui: string };
    s3: { readonly endpoint: string; readonly region: string; readonly credentials: S3Credentials };
    /** Path of the bundled workflows; null while there are none. */
    workflowBundle: string | null;
    /** RELEARN_HOME of the servers. */
    home: string;
  }
}

/** One Temporal and one SeaweedFS for all server tests of a run, in a temporary home of their own. */
export default async function servers(project: TestProject): Promise<() => Promise<void>> {
  await sweepScratch();
  const home = mkdtempSync(join(project.config.env["TMPDIR"]!, "servers-"));
  const base = loadSettings({ RELEARN_HOME: home });
  const [{ settings, stack }, bundle] = await Promise.all([startStack(base), bundleOnce(base.root)]);
  project.provide("temporal", { address: stack.temporal.address, namespace: stack.temporal.namespace, ui: stack.temporal.ui! });
  project.provide("s3", { endpoint: settings.s3.endpoint!, region: settings.s3.region, credentials: settings.s3.credentials! });
  project.provide("workflowBundle", bundle);
  project.provide("home", home);
  return () => remove(home);
}

/** Bundling takes seconds, so the same sources are bundled once, not once a run. */
async function bundleOnce(root: string): Promise<string | null> {
  const target = join(root, ".cache", `test-bundle-${stampOf(root, bundleInputs(root)).slice(0, 16)}.js`);
  return existsSync(target) || (await bundleWorkflows(root, target, () => {})) ? target : null;
}

/** What it holds is thrown away, so nothing is asked to end in peace. */
async function remove(home: string): Promise<void> {
  await stopStack({ home }, { graceMs: 0 });
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
