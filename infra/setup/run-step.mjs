import { spawn } from "node:child_process";
import { mkdirSync, createWriteStream } from "node:fs";
import { basename, join } from "node:path";

/** A set-up that cannot go on: the message is one sentence for the person who must act. */
export class SetupError extends Error {}

/** Process groups under way; a set-up that is told to end takes them along, so that none goes on writing beside the next set-up. */
const running = new Set();
let listening = false;

function track(child) {
  if (child.pid !== undefined) running.add(child);
  if (listening) return;
  listening = true;
  const end = () => {
    running.forEach(killGroup);
    process.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, end);
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

const keptCharacters = 3_000;

/**
 * Runs one program of the set-up with its output in `.cache/setup/<what>.log`; on failure the error shows the last lines.
 * `what` names the step for people.
 */
export function runStep(command, args, { root, what, log, env = process.env, timeoutMs = 900_000 }) {
  const folder = join(root, ".cache", "setup");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${what.replaceAll(" ", "-")}.log`);
  const started = Date.now();
  log(`${what} ...`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    track(child);
    const deadline = setTimeout(() => killGroup(child), timeoutMs);
    const file = createWriteStream(path);
    let tail = "";
    const keep = (chunk) => {
      file.write(chunk);
      tail = `${tail}${chunk}`.slice(-keptCharacters);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const slow = setInterval(() => log(`${what} ... ${seconds(started)} so far`), 15_000);
    const end = (error) => {
      clearInterval(slow);
      clearTimeout(deadline);
      running.delete(child);
      file.end();
      if (error) return reject(error);
      log(`${what}: ${seconds(started)}`);
      resolve();
    };
    child.once("error", (error) => end(new SetupError(`${basename(command)} could not be started (${error.message}) for the step "${what}".`)));
    child.once("close", (code, signal) => {
      const how = signal === null ? `exit ${code}` : `${signal} after ${seconds(started)}`;
      end(code === 0 ? null : new SetupError(`The step "${what}" failed (${how}); its whole output is in ${path}, the end of it:\n${lastLines(tail)}`));
    });
  });
}

const lastLines = (text) => text.split("\n").filter((line) => line.trim() !== "").slice(-20).map((line) => `  ${line}`).join("\n");

export const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
