import { runStep } from "./run-step.mjs";

/** `npm ci` by the npm that started this, else by the one on PATH. */
export function installPackages(root, log) {
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith("js") ? [process.execPath, [npm]] : ["npm", []];
  return runStep(command, [...before, "ci", "--no-audit", "--no-fund"], { root, log, what: "node packages", env: outerEnvironment() });
}

/** The variables of the npm run that is under way would make the inner npm act on that run's package and command. */
function outerEnvironment() {
  const inner = /^npm_(package|lifecycle|command)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inner.test(name)));
}
