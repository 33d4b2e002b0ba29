import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSettings } from "../../schemas/settings.ts";

const { python, root } = loadSettings({});

function unittests(...modules: string[]): { readonly code: number | null; readonly printed: string } {
  const run = spawnSync(python.executable, ["-m", "unittest", "-v", ...modules], {
    cwd: join(root, "trainers"), encoding: "utf8", timeout: 240_000, env: { PATH: process.env["PATH"], OMP_WAIT_POLICY: "PASSIVE", ...python.environment },
  });
  return { code: run.status, printed: run.stderr };
}

describe("the Python package of trainers", () => {
  test("bounds logs, cleans progress, refuses torn models and signs requests as S3 wants them", () => {
    const { code, printed } = unittests("tests.test_wrapper");
    expect(code, printed).toBe(0);
  });

  test("makes models that give what the library gives, the same ones each time, and says what is wrong with bad input", { timeout: 250_000 }, () => {
    const { code, printed } = unittests("tests.test_models");
    expect(code, printed).toBe(0);
  });
});
