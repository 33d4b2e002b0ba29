import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { loadSettings } from "../../schemas/settings.ts";

const { root, python } = loadSettings({});
const folder = join(root, "test", "trainers");
const env = { ...process.env, ...python.environment, PYTHONPATH: [join(root, "trainers"), process.env["PYTHONPATH"]].filter(Boolean).join(delimiter) };

/** unittest writes its report to stderr; it is the message when a test fails. */
const runPython = (args: readonly string[]): Promise<{ stderr: string }> => promisify(execFile)(python.executable, [...args], { cwd: folder, env, timeout: 180_000 });

describe("the Python side", () => {
  test("the trainers' package is importable in the environment that the set-up made", async () => {
    await runPython(["-c", "import relearn_trainers"]);
  });

  for (const file of readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name))) {
    test(`${file} passes, and runs at least one test`, { timeout: 200_000 }, async () => {
      const { stderr } = await runPython(["-m", "unittest", file.replace(/\.py$/, "")]);
      expect(stderr).toMatch(/^Ran [1-9]\d* tests? in [\d.]+s\s+OK/m);
    });
  }
});
