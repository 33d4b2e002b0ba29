import { execFileSync, spawn } from "node:child_process";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { filesUnder } from "./setup/stamps.mjs";

// `npm run test:long`: each figure in test/long/ at its full scale; `-- --minutes N` shares N minutes among them.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const usage = "usage: npm run test:long -- [--minutes N] [--seed S] [FILE ...]   (N: minutes shared by all files; S: an integer; FILE: part of a path under test/long)";

const began = Date.now();
let current = null;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    if (current !== null) killGroup(current);
    process.exit(1);
  });
}
const files = filesUnder(root, ["test/long"], [".long.test.ts"]).map((file) => relative(root, file)).sort();
const { minutes, seed, chosen } = readArguments();
const share = chosen.length === 0 ? minutes : minutes / chosen.length;
const totals = { passed: 0, failed: 0 };
const broken = [];

console.log(`${chosen.length} long ${chosen.length === 1 ? "figure" : "figures"}, ${Number.isFinite(share) ? `${share.toFixed(1)} minutes each` : "without a limit"}, seed ${seed}`);
for (const [index, file] of chosen.entries()) {
  const { passed, failed } = await runFile(file);
  totals.passed += passed;
  totals.failed += failed;
  if (failed > 0) broken.push(file);
  console.log(`${index + 1} of ${chosen.length} done: ${file} (${Math.round((Date.now() - began) / 1000)} s in all)`);
}
for (const file of broken) console.log(`failed: ${file}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } }, allowPositionals: true });
    const minutes = values.minutes === undefined ? Infinity : Number(values.minutes);
    const seed = values.seed === undefined ? seedOfCommit() : Number(values.seed);
    if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, found ${values.minutes}`);
    if (!Number.isSafeInteger(seed)) throw new Error(`--seed must be an integer, found ${values.seed}`);
    const chosen = files.filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
    if (positionals.length > 0 && chosen.length === 0) throw new Error(`no file of test/long matches ${positionals.join(" ")}`);
    return { minutes, seed, chosen };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/** Moves with the commit, so that every commit looks somewhere new and anyone can repeat what it found. */
function seedOfCommit() {
  try {
    return Number.parseInt(execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).slice(0, 7), 16);
  } catch {
    return 1;
  }
}

/** One process a file: a figure that fills its memory or hangs takes no other with it. */
function runFile(file) {
  const env = { ...process.env, RELEARN_LONG_MINUTES: String(share), RELEARN_LONG_SEED: String(seed) };
  const child = spawn(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", "--project", "long", file], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  current = child;
  const deadline = Number.isFinite(share) ? setTimeout(() => killGroup(child), (share * 2 + 3) * 60_000) : undefined;
  let tail = "";
  child.stdout.on("data", (chunk) => {
    process.stdout.write(chunk);
    tail = `${tail}${chunk}`.slice(-2_000);
  });
  return new Promise((resolve) => {
    child.once("error", () => resolve({ passed: 0, failed: 1 }));
    child.once("close", (code) => {
      clearTimeout(deadline);
      resolve(countsOf(tail, code));
    });
  });
}

/** The runner with its workers; their servers, which have groups of their own, are ended by the next run that starts some. */
function killGroup(child) {
  console.log("ended: it took more than twice its share and 3 minutes, or this run was told to end");
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function countsOf(text, code) {
  const last = [...text.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  const [passed, failed] = last ? [Number(last[1]), Number(last[2])] : [0, 1];
  return { passed, failed: code === 0 || failed > 0 ? failed : 1 };
}
