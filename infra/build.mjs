import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "./setup/compile.mjs";
import { bundleWorkflows } from "./setup/bundle-workflows.mjs";
import { SetupError } from "./setup/run-step.mjs";

// `npm run build`: sources to dist/, workflows to dist/workflows-bundle.js, whatever the stamps say.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const log = (line) => console.error(line);
try {
  if (!existsSync(join(root, "node_modules"))) throw new SetupError("There is no node_modules here: run `npm run setup`, which also builds.");
  await compile(root, log);
  await bundleWorkflows(root, join(root, "dist", "workflows-bundle.js"), log);
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
