import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { findOwned, type OwnedProcess, stopOwned } from "../../infra/owned-processes.ts";
import { startTimeOf } from "../../infra/setup/lock.mjs";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import { testSettings } from "../support/settings.ts";

const supervisors: ChildProcess[] = [];
const homes: string[] = [];
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) supervisor.kill("SIGKILL");
  for (const home of homes.splice(0)) {
    await stopOwned(home, { graceMs: 0 });
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
});

/** A process that starts this home's worker, as `relearn up` does, says so, and stays. */
async function supervisor(settings: Settings, life: "on-its-own" | "with-this-process"): Promise<ChildProcess> {
  const code = `
    import { ensureWorker } from ${JSON.stringify(new URL("../../dist/cli/support/worker-process.js", import.meta.url).href)};
    import { loadSettings } from ${JSON.stringify(new URL("../../dist/schemas/settings.js", import.meta.url).href)};
    setInterval(() => undefined, 60_000);
    await ensureWorker(loadSettings(process.env), process.env, AbortSignal.timeout(60_000), ${JSON.stringify(life)});
    console.log("ready");`;
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"], env: { PATH, HOME, TMPDIR, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true", ...environmentOf(settings) } });
  supervisors.push(child);
  await Promise.race([once(child.stdout!, "data"), once(child, "exit").then(() => Promise.reject(new Error("the supervising process ended")))]);
  return child;
}

async function killed(life: "on-its-own" | "with-this-process"): Promise<OwnedProcess> {
  const settings = await testSettings("parent");
  homes.push(settings.home);
  const parent = await supervisor(settings, life);
  const worker = findOwned(settings.home, "worker")!;
  parent.kill("SIGKILL");
  await once(parent, "exit");
  return worker;
}

it("a worker tied to the process that started it ends when that process is killed", async () => {
  const worker = await killed("with-this-process");
  await expect.poll(() => startTimeOf(worker.pid), { timeout: 20_000 }).toBeNull();
});

it("a worker that was left running on purpose goes on", async () => {
  const worker = await killed("on-its-own");
  await new Promise((next) => setTimeout(next, 2_000));
  expect(startTimeOf(worker.pid)).toBe(worker.startedAt);
});
