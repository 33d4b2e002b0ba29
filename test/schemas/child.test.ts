import { spawn as spawnProcess } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import { childEntry } from "../../schemas/child-entry.ts";
import { spawnChild, standbyChild } from "../../schemas/child.ts";
import type { Child } from "../../schemas/child.ts";

const children: Child[] = [];
const start = async () => {
  const child = spawnChild({ title: "the echo", entry: await childEntry(import.meta.url, "echo-child"), memoryBytes: 256 * 2 ** 20 });
  children.push(child);
  return child;
};
afterEach(async () => {
  for (const child of children.splice(0)) await child.close();
});

test("a child answers several requests, and typed arrays cross as they are", async () => {
  const child = await start();
  const answers = await Promise.all([1, 2, 3].map((value) => child.request({ ask: "echo", value: new Float32Array([value]) }, { deadlineMs: 5_000 })));
  expect(answers).toEqual([new Float32Array([1]), new Float32Array([2]), new Float32Array([3])]);
});

test("a child goes on when its whole group is told to end: its parent decides when it is done", async () => {
  const child = await start();
  await child.request({ ask: "echo", value: 0 }, { deadlineMs: 5_000 });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.kill(child.pid, signal);
  expect(await child.request({ ask: "echo", value: 1 }, { deadlineMs: 5_000 })).toBe(1);
});

test("a child that stands by is taken once, and one that died meanwhile is not", async () => {
  const entry = await childEntry(import.meta.url, "echo-child");
  const ours = async (): Promise<Set<number>> => {
    const { readFile } = await import("node:fs/promises");
    const text = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").catch(() => "");
    return new Set(text.split(" ").filter(Boolean).map(Number));
  };
  const before = await ours();
  standbyChild({ entry });
  standbyChild({ entry });
  const [standing, ...more] = [...(await ours())].filter((pid) => !before.has(pid));
  expect(more).toEqual([]);
  const taken = await start();
  if (standing !== undefined) expect(taken.pid).toBe(standing);
  expect(await taken.request({ ask: "echo", value: 1 }, { deadlineMs: 5_000 })).toBe(1);
  expect((await start()).pid).not.toBe(taken.pid);
  standbyChild({ entry });
  const dying = [...(await ours())].find((pid) => !before.has(pid) && !children.some((child) => child.pid === pid));
  if (dying !== undefined) process.kill(dying, "SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await (await start()).request({ ask: "echo", value: 2 }, { deadlineMs: 5_000 })).toBe(2);
});

test("what the child's handler throws keeps its kind and message", async () => {
  const child = await start();
  await expect(child.request({ ask: "refuse" }, { deadlineMs: 5_000 })).rejects.toMatchObject({ name: "RelearnError", type: "InvalidSql", message: "no such thing" });
  expect(await child.request({ ask: "echo", value: 7 }, { deadlineMs: 5_000 })).toBe(7);
});

test("a child that hangs in its main thread is killed at its deadline", async () => {
  const child = await start();
  await expect(child.request({ ask: "hang" }, { deadlineMs: 400 })).rejects.toMatchObject({ end: "deadline", message: "the echo did not answer within 0.4 s" });
  await child.ended;
  expect(() => process.kill(child.pid, 0)).toThrow();
  await expect(child.request({ ask: "echo" }, { deadlineMs: 400 })).rejects.toMatchObject({ end: "deadline" });
});

test("a child over its memory ceiling is killed and says how much it used", async () => {
  const child = await start();
  await expect(child.request({ ask: "grow" }, { deadlineMs: 20_000 })).rejects.toMatchObject({ end: "memory" });
  expect(child.peakMemory()).toBeGreaterThan(256 * 2 ** 20);
});

test("a child that dies rejects what waits on it", async () => {
  const child = await start();
  await expect(child.request({ ask: "die" }, { deadlineMs: 20_000 })).rejects.toMatchObject({ end: "exit" });
});

test("an abort signal kills the child", async () => {
  const child = await start();
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 100);
  await expect(child.request({ ask: "wait" }, { deadlineMs: 20_000, signal: abort.signal })).rejects.toMatchObject({ end: "cancelled" });
});

test("a child never sees credentials", async () => {
  process.env["AWS_SECRET_ACCESS_KEY"] = "secret";
  const child = await start();
  expect(await child.request({ ask: "environment" }, { deadlineMs: 5_000 })).not.toContain("AWS_SECRET_ACCESS_KEY");
  delete process.env["AWS_SECRET_ACCESS_KEY"];
});

test.each(["hang", "query"])("a child that hangs (%s) ends when its parent is killed", async (ask) => {
  const entry = await childEntry(import.meta.url, "echo-child");
  const parent = spawnProcess(process.execPath, ["-e", `
    const child = require("node:child_process").fork(${JSON.stringify(entry)}, [], { serialization: "advanced", stdio: "ignore" });
    child.on("message", () => { child.send({ id: 2, message: { ask: "${ask}" } }); console.log(child.pid); });
    child.send({ id: 1, message: { ask: "echo" } });`], { stdio: ["ignore", "pipe", "ignore"] });
  const pid = await new Promise<number>((resolve) => parent.stdout!.once("data", (text: Buffer) => resolve(Number(text.toString()))));
  await new Promise((resolve) => setTimeout(resolve, 200));
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 10_000, interval: 50 });
});
