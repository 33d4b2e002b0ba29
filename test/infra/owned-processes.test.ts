import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findOwned, isRunning, listOwned, logTail, startOwned, stopOwned } from "../../infra/owned-processes.ts";
import { startTimeOf } from "../../infra/setup/lock.mjs";

const home = mkdtempSync(join(tmpdir(), "relearn-owned-"));
const env = { PATH: process.env["PATH"] };
afterAll(async () => {
  await stopOwned(home, { graceMs: 0 });
  rmSync(home, { recursive: true, force: true });
});

test("a process that was started is found, logged, and ended with all its children", async () => {
  const owned = await startOwned(home, { name: "tree", command: ["sh", "-c", "echo hello; sleep 300 & echo $!; wait"], env });
  await expect.poll(() => readFileSync(join(home, "logs/tree.log"), "utf8")).toMatch(/hello\n\d+\n/);
  const grandchild = Number(readFileSync(join(home, "logs/tree.log"), "utf8").split("\n")[1]);
  expect([findOwned(home, "tree")?.pid, startTimeOf(grandchild) === null, statSync(join(home, "processes.json")).mode & 0o777]).toEqual([owned.pid, false, 0o600]);
  expect(logTail(home, "tree")).toContain("hello");
  expect(await stopOwned(home)).toEqual(["tree"]);
  await expect.poll(() => startTimeOf(grandchild)).toBeNull();
  expect([isRunning(owned), listOwned(home), await stopOwned(home)]).toEqual([false, [], []]);
});

test("many starts of one name at once start one process", async () => {
  const command: readonly [string, ...string[]] = ["sh", "-c", "echo once; exec sleep 300"];
  const started = await Promise.all(Array.from({ length: 5 }, () => startOwned(home, { name: "single", command, env })));
  expect(new Set(started.map(({ pid }) => pid)).size).toBe(1);
  expect(await stopOwned(home)).toEqual(["single"]);
});

test("a process that ignores the request to end is killed after the grace", async () => {
  const owned = await startOwned(home, { name: "stubborn", command: ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 1; done"], env });
  await expect.poll(() => readFileSync(join(home, "logs/stubborn.log"), "utf8")).toContain("ready");
  const began = Date.now();
  await stopOwned(home, { names: ["stubborn"], graceMs: 300 });
  expect(isRunning(owned)).toBe(false);
  expect(Date.now() - began).toBeGreaterThanOrEqual(300);
});

test("a process whose id was recycled is never touched", async () => {
  const stranger = spawn("sleep", ["300"], { stdio: "ignore" });
  const recycled = { name: "temporal", pid: stranger.pid!, startedAt: "another boot:42", command: ["temporal"], at: "2013-01-01T00:00:00Z" };
  writeFileSync(join(home, "processes.json"), JSON.stringify({ version: 1, processes: [recycled] }));
  expect(findOwned(home, "temporal")).toBeNull();
  expect(await stopOwned(home)).toEqual([]);
  expect([startTimeOf(stranger.pid!) === null, listOwned(home)]).toEqual([false, []]);
  stranger.kill("SIGKILL");
});

test("a program that cannot be started is named, and leaves nothing behind", async () => {
  await expect(startOwned(home, { name: "gone", command: [join(home, "no-such-program")], env })).rejects.toThrow(/gone: .*no-such-program could not be started/);
  expect(listOwned(home)).toEqual([]);
});
