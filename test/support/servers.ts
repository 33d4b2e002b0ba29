import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { bundleInputs, bundleWorkflows } from "../../infra/setup/bundle-workflows.mjs";
import { startTimeOf } from "../../infra/setup/lock.mjs";
import { stampOf } from "../../infra/setup/stamps.mjs";
import { loadSettings, type S3Credentials } from "../../schemas/settings.ts";

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

const prefix = "relearn-test-";

/** One Temporal and one SeaweedFS for all server tests of a run, in a temporary home of their own. */
export default async function servers(project: TestProject): Promise<() => Promise<void>> {
  await sweep();
  const home = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(home, "owner.json"), JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) }));
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

/** Ends the servers of runs that were killed before they could. */
async function sweep(): Promise<void> {
  const homes = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
  for (const home of homes.filter(isLeftOver)) await remove(home).catch(() => {});
}

function isLeftOver(home: string): boolean {
  const file = join(home, "owner.json");
  if (!existsSync(file)) return false;
  try {
    const owner = JSON.parse(readFileSync(file, "utf8")) as { pid: number; startedAt: string };
    return startTimeOf(owner.pid) !== owner.startedAt;
  } catch {
    return false;
  }
}
