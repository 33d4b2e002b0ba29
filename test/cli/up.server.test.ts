import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { findOwned, stopOwned } from "../../infra/owned-processes.ts";
import { readStack } from "../../schemas/settings.ts";
import { relearn, relearnAtTerminal } from "./harness.ts";

const home = mkdtempSync(join(tmpdir(), "relearn-up-"));
const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", RELEARN_HOME: home, RELEARN_SERVE_PORT: "0", AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
const parts = ["temporal", "s3", "worker", "server", "gateway"];
const running = () => parts.filter((name) => findOwned(home, name) !== null);
const pids = () => parts.map((name) => findOwned(home, name)?.pid);

afterAll(async () => {
  await relearn(env, "down");
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}, 60_000);

it("any free port will do for the server, and Ctrl-C ends only what that `up` started", async () => {
  const cli = join(import.meta.dirname, "../../dist/cli/main.js");
  const { stdout } = await promisify(execFile)(process.execPath, [cli, "up", "--detach", "--json"], { env });
  const { serving } = JSON.parse(stdout) as { serving: { url: string } };
  expect(Number(new URL(serving.url).port)).toBeGreaterThan(0);
  expect((await fetch(`${serving.url}/v2/health/live`)).status).toBe(200);
  expect(running()).toEqual(parts);

  await stopOwned(home, { names: ["worker"] });
  const others = pids();
  let pressed = false;
  const said = await relearnAtTerminal(env, ["up"], (text, person) => {
    if (pressed || !text.includes(`state     ${home}`)) return;
    pressed = true;
    expect(running()).toEqual(parts);
    setTimeout(person.pressesCtrlC, 100);
  });
  expect(said, said.out + said.err).toMatchObject({ exitCode: 0, out: expect.stringMatching(/stopping worker \.\.\.[^]*left running, as another command started it: gateway, s3, server, temporal\./) });
  expect(pids()).toEqual(others);
  expect(readStack(home)).toMatchObject({ serving, gateway: { url: expect.stringContaining("http") } });
  expect((await fetch(`${serving.url}/v2/health/live`)).status).toBe(200);
}, 120_000);
