import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleInputs, bundleWorkflows } from "./setup/bundle-workflows.mjs";
import { compile, compileInputs } from "./setup/compile.mjs";
import { withLock } from "./setup/lock.mjs";
import { installPackages } from "./setup/node-packages.mjs";
import { findPython, makeVenv } from "./setup/python.mjs";
import { SetupError, seconds } from "./setup/run-step.mjs";
import { clearStamp, isStamped, stampOf, writeStamp } from "./setup/stamps.mjs";

// Makes a fresh clone ready: packages, Python environment, compiled command, workflow bundle. Node's own modules only, because it
// runs before any package is there. Each step is done once for each state of what it depends on.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...names) => join(root, ...names);
const began = Date.now();
const log = (line) => console.error(`[set-up ${seconds(began).padStart(7)}] ${line}`);

const steps = {
  packages: { stampFile: at("node_modules", ".relearn-stamp"), stamp: () => stampOf(root, [at("package-lock.json")]), work: () => installPackages(root, log) },
  python: {
    stampFile: at(".venv", ".relearn-stamp"),
    stamp: () => stampOf(root, [at("infra", "requirements.txt"), at("infra", "requirements-data.txt"), at("infra", "setup", "python.mjs")], [root]),
    work: () => makeVenv(root, findPython(), log),
  },
  compile: { stampFile: at("dist", ".compiled"), stamp: () => stampOf(root, compileInputs(root)), work: () => compile(root, log), needs: () => !existsSync(at("node_modules", ".bin", "relearn")) && existsSync(at("cli", "main.ts")) },
  bundle: { stampFile: at("dist", ".bundled"), stamp: () => stampOf(root, bundleInputs(root)), work: () => bundleWorkflows(root, at("dist", "workflows-bundle.js"), log) },
};

const isDone = (step) => isStamped(step.stampFile, step.stamp()) && !(step.needs?.() ?? false);

async function ensure(step) {
  const stamp = step.stamp();
  if (isDone(step)) return;
  clearStamp(step.stampFile);
  await step.work();
  writeStamp(step.stampFile, stamp);
}

async function setUp() {
  // The two halves share nothing but the network, so they run side by side; both end before a failure of either is told.
  const halves = await Promise.allSettled([ensure(steps.packages).then(() => ensure(steps.compile)).then(() => ensure(steps.bundle)), ensure(steps.python)]);
  const failed = halves.find((half) => half.status === "rejected");
  if (failed) throw failed.reason;
  log("ready");
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(`Relearn needs Node 20.19 or newer, and this is ${process.versions.node} (${process.execPath}): install a newer one and run this again.`);
}

try {
  checkNode();
  if (!Object.values(steps).every(isDone)) {
    if (!isDone(steps.python)) findPython();
    await withLock(at(".cache", "setup.lock"), setUp, (pid) => log(`waiting for the set-up that process ${pid} is doing`));
  }
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
