import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../infra/programs.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs", "your-own-pipeline.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "relearn own pipeline "));
const env = { PATH: [join(root, "node_modules", ".bin"), dirname(findProgram("temporal", root)), process.env["PATH"] ?? ""].join(delimiter), HOME: folder, RELEARN_HOME: join(folder, "state"), TMPDIR: tmpdir(), NO_COLOR: "1" };

/** Runs a line of the page in the user's folder. @returns what it printed and its exit code. */
async function shell(line: string): Promise<{ readonly code: number; readonly out: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", line], { cwd: join(folder, "mine"), env, timeout: 120_000, maxBuffer: 16 << 20 });
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: code ?? -1, out: `${stdout}${stderr}` };
  }
}

const lines = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => (block ?? "").trim().split("\n"));
const line = (start: string): string => lines.find((one) => one.startsWith(start)) ?? `echo 'the page has no line ${start}'; false`;

beforeAll(async () => {
  mkdirSync(join(folder, "mine"));
  for (const [, name = "", text = ""] of page.matchAll(/```\w+ file=(\S+)\n([\s\S]*?)```/g)) writeFileSync(join(folder, "mine", name), text);
  expect(await shell(line("python3 make_data.py"))).toMatchObject({ code: 0 });
  expect(await shell(line("relearn up"))).toMatchObject({ code: 0 });
}, 120_000);

afterAll(async () => {
  await shell("relearn down");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}, 60_000);

describe("a pipeline of one's own, as the page tells it", () => {
  it("is read and checked", async () => {
    expect(await shell(line("relearn definition check"))).toMatchObject({ code: 0 });
  });

  it("runs to its question, is approved by the Temporal CLI's signal alone, and serves", async () => {
    const asked = await shell(line("relearn run"));
    expect(asked.out).toContain("waits for an approval");
    expect(asked.code).toBe(4);
    const signal = /temporal workflow signal .*/.exec(asked.out)?.[0] ?? "false";
    expect(await shell(signal)).toMatchObject({ code: 0 });
    expect(await shell("relearn watch deliveries --wait")).toMatchObject({ code: 0, out: expect.stringContaining("promoted") });
    expect(await shell(line("relearn show"))).toMatchObject({ code: 0, out: expect.stringContaining("deliveries") });
    expect(await shell(line("relearn history"))).toMatchObject({ code: 0, out: expect.stringContaining("first champion") });
    expect(await shell(line("relearn verify"))).toMatchObject({ code: 0, out: expect.stringContaining("fits") });
  }, 150_000);

  it("scores its files without a server", async () => {
    expect(await shell(line("relearn score"))).toMatchObject({ code: 0, out: expect.stringContaining("scored 12,000 rows of 60 files: s3://relearn/scored/winter/_relearn.json") });
  }, 120_000);

  it("leaves nothing in the user's folder but what the page made", () => {
    for (const name of ["make_data.py", "pipeline.yaml", "train.py", "landing"]) expect(existsSync(join(folder, "mine", name))).toBe(true);
    expect(existsSync(join(folder, "mine", ".relearn"))).toBe(false);
  });
});
