import { execFile, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { startTimeOf, withLock } from "../../infra/setup/lock.mjs";
import { filesUnder, isStamped, stampOf, writeStamp } from "../../infra/setup/stamps.mjs";

const folder = mkdtempSync(join(tmpdir(), "relearn-setup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const lockModule = new URL("../../infra/setup/lock.mjs", import.meta.url).href;

describe("stamps", () => {
  test("a step is done again when a file it depends on changes, appears, moves or is taken away, and not otherwise", () => {
    mkdirSync(at("src/deep"), { recursive: true });
    writeFileSync(at("src/a.ts"), "1");
    const now = (): string => stampOf(folder, filesUnder(folder, ["src", "not-there"], [".ts"]));
    const first = now();
    writeStamp(at("stamps/step"), first);
    expect([now(), isStamped(at("stamps/step"), now()), isStamped(at("stamps/none"), first)]).toEqual([first, true, false]);
    writeFileSync(at("src/deep/b.ts"), "2");
    const second = now();
    writeFileSync(at("src/a.ts"), "12");
    writeFileSync(at("src/deep/b.ts"), "");
    const third = now();
    rmSync(at("src/a.ts"));
    expect(new Set([first, second, third, now()]).size).toBe(4);
    expect(stampOf(folder, [], ["a"])).not.toBe(stampOf(folder, [], ["b"]));
  });
});

describe("the lock", () => {
  test("two set-ups take turns", async () => {
    const trace = at("trace");
    const work = `import("${lockModule}").then(({ withLock }) => withLock(${JSON.stringify(at("turns.lock"))}, async () => {
      const fs = await import("node:fs");
      fs.appendFileSync(${JSON.stringify(trace)}, "in ");
      await new Promise((r) => setTimeout(r, 60));
      fs.appendFileSync(${JSON.stringify(trace)}, "out ");
    }))`;
    await Promise.all(Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ["-e", work])));
    expect(readFileSync(trace, "utf8")).toBe("in out ".repeat(4));
  });

  test("a lock whose owner was killed is taken over by exactly one of those who wait", async () => {
    const owner = spawn(process.execPath, ["-e", `import("${lockModule}").then(({ withLock }) => withLock(${JSON.stringify(at("dead.lock"))}, () => { console.log("held"); return new Promise(() => setTimeout(() => {}, 60_000)); }))`]);
    await new Promise((resolve) => owner.stdout.once("data", resolve));
    owner.kill("SIGKILL");
    await new Promise((resolve) => owner.once("close", resolve));
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, (inside += 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(at("dead.lock"), work)));
    expect(most).toBe(1);
  });

  test("a recycled process id is not the process that held the lock", async () => {
    writeFileSync(at("recycled.lock"), JSON.stringify({ pid: process.pid, startedAt: "another time" }));
    let waited = false;
    await withLock(at("recycled.lock"), async () => appendFileSync(at("trace"), ""), () => (waited = true));
    expect(waited).toBe(false);
  });

  test("the start time of a process is the same each time, and null for one that is not there", () => {
    expect(startTimeOf(process.pid)).toBe(startTimeOf(process.pid));
    expect(startTimeOf(2 ** 22 + 12_345)).toBeNull();
  });
});

describe("the set-up", () => {
  test.each(["infra/setup.mjs", "dist/cli/main.js"])("says in one sentence that Node is too old: %s", async (program) => {
    const preload = `data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.18.3" } })`;
    const failed = promisify(execFile)(process.execPath, ["--import", preload, new URL(`../../${program}`, import.meta.url).pathname]);
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^Relearn needs Node 20\.19 or newer, and this is 20\.18\.3 \(.*\): install a newer one and run this again\.\n$/) });
  });

  const run = (script: string, env: Record<string, string>): Promise<{ stderr: string }> => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { env: { ...process.env, ...env } });
  const python = new URL("../../infra/setup/python.mjs", import.meta.url).href;
  const ask = `import { findPython } from "${python}"; try { findPython(); console.error("found"); } catch (error) { console.error(error.message); }`;
  const fakePython = (name: string, facts: object): string => {
    mkdirSync(at(name), { recursive: true });
    writeFileSync(join(at(name), "python3"), `#!/bin/sh\necho '${JSON.stringify(facts)}'\n`, { mode: 0o755 });
    return join(at(name), "python3");
  };
  const complete = { version: [3, 11, 2], executable: "/usr/bin/python3", venv: true, ensurepip: true, pip: "24.0" };

  test.each([
    ["none", null, /^Relearn needs Python 3\.10 or newer .*none of .* runs.*: install it/],
    ["old", { ...complete, version: [3, 9, 1] }, /^Relearn needs Python 3\.10 or newer .*python3 is 3\.9\.1/],
    ["without venv", { ...complete, venv: false }, /^Python 3\.11\.2 .* has no venv module: install it/],
    ["without ensurepip and pip", { ...complete, ensurepip: false, pip: null }, /^Python 3\.11\.2 .* no ensurepip and no pip.*: install one of them/],
    ["without ensurepip, with an old pip", { ...complete, ensurepip: false, pip: "20.3.4" }, /only pip 20\.3\.4/],
    ["without ensurepip, with a pip that fills from outside", { ...complete, ensurepip: false, pip: "22.3" }, /^found/],
  ])("says in one sentence what to do about a Python that is %s", async (name, facts, expected) => {
    const base = facts === null ? at("no-such-python") : fakePython(name.replaceAll(/\W/g, "-"), facts);
    const { stderr } = await run(ask, { RELEARN_PYTHON_BASE: base });
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
