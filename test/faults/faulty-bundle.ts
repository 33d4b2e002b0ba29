import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleWorkflowCode, DefaultLogger } from "@temporalio/worker";
import { build, type Plugin } from "esbuild";
import { payloadConverterPath } from "../../workers/connect.ts";

const root = resolve(import.meta.dirname, "../..");

/** The workflows with short timeouts, and the worker whose side effects are points at which it may die. */
export async function faultyBundle(folder: string): Promise<{ readonly bundle: string; readonly workerEntry: string }> {
  const bundle = join(folder, "bundle.js");
  writeFileSync(bundle, (await bundleWorkflowCode({
    workflowsPath: join(root, "workflows", "index.ts"), payloadConverterPath: payloadConverterPath(root), logger: new DefaultLogger("ERROR"),
    webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, alias: { ...config.resolve?.alias, [join(root, "workflows", "activity-proxies.ts")]: join(root, "test", "faults", "short-proxies.ts") } } }),
  })).code);
  const workerEntry = join(folder, "faulty-worker.mjs");
  await build({ entryPoints: [join(import.meta.dirname, "faulty-worker.ts")], outfile: workerEntry, bundle: true, platform: "node", format: "esm", target: "node20", plugins: [overCompiled] });
  return { bundle, workerEntry };
}

/** The faulty worker runs over the compiled rooms, as the real one does: `npm test` has built them. */
const overCompiled: Plugin = {
  name: "over-compiled",
  setup: (build) => build.onResolve({ filter: /^\.\.\/\.\.\// }, ({ path }) => ({ path: join(root, "dist", path.replace("../../", "").replace(/\.ts$/, ".js")), external: true })),
};
