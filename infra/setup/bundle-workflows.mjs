import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { seconds } from "./run-step.mjs";
import { filesUnder } from "./stamps.mjs";

/** Files that the workflow bundle is made of. */
export const bundleInputs = (root) => [join(root, "package-lock.json"), ...filesUnder(root, ["workflows", "policy", "schemas", "stats"], [".ts", ".mjs"])];

/**
 * Bundles workflows/index.ts into one file for Temporal's sandbox, with the payload converter that keeps a workflow alive
 * when somebody sends what cannot be decoded. Does nothing while there are no workflows.
 * @returns {Promise<boolean>} whether there was anything to bundle
 */
export async function bundleWorkflows(root, target, log) {
  const entry = join(root, "workflows", "index.ts");
  if (!existsSync(entry)) return false;
  const started = Date.now();
  log("workflow bundle ...");
  const { bundleWorkflowCode } = createRequire(join(root, "package.json"))("@temporalio/worker");
  const converter = join(root, "workflows", "payload-converter.mjs");
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: log, error: log };
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger: quiet, ...(existsSync(converter) ? { payloadConverterPath: converter } : {}) });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.${process.pid}`, code);
  renameSync(`${target}.${process.pid}`, target);
  log(`workflow bundle: ${seconds(started)}`);
  return true;
}
