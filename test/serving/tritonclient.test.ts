import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadSettings } from "../../schemas/settings.ts";
import { openServer, type OpenServer } from "./open-server.ts";

const root = resolve(import.meta.dirname, "../..");
const requirements = join(import.meta.dirname, "requirements.txt");
const { executable } = loadSettings({}).python;
let server: OpenServer;
let packages: string;

beforeAll(async () => {
  [server, packages] = await Promise.all([openServer(), installed()]);
}, 120_000);
afterAll(() => server.close());

/** The client's packages, once for a list of them: 3 s of processor time and a download of 24 MB. */
async function installed(): Promise<string> {
  const folder = join(root, ".cache", `tritonclient-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const half = `${folder}.${process.pid}`;
  mkdirSync(join(root, ".cache"), { recursive: true });
  await pip(["install", "-q", "--no-input", "--disable-pip-version-check", "--no-compile", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", half, "-r", requirements]);
  if (existsSync(folder)) rmSync(half, { recursive: true });
  else renameSync(half, folder);
  return folder;
}

/** The environment of this repository may have no pip of its own. */
async function pip(args: readonly string[]): Promise<void> {
  const has = await promisify(execFile)(executable, ["-m", "pip", "--version"]).then(() => true, () => false);
  await promisify(execFile)(has ? executable : "python3", ["-m", "pip", ...(has ? [] : ["--python", executable]), ...args], { timeout: 110_000 });
}

it("tritonclient from PyPI works unchanged, in JSON and with binary data", async () => {
  const { stdout } = await promisify(execFile)(executable, [join(import.meta.dirname, "ask-with-tritonclient.py"), server.url.slice("http://".length)], { env: { PYTHONPATH: packages, PATH: process.env["PATH"] }, timeout: 60_000 });
  const said = JSON.parse(stdout) as Record<string, unknown>;
  const answer = { label: ["1", "1"], score: [0.25, 0.75, 0.25, 0.75] };
  expect(said).toMatchObject({
    live: true, ready: true, model_ready: true, version_ready: true, server: { name: "relearn" }, metadata: { name: "flights", versions: ["3"] }, index: [{ name: "flights", version: "3", state: "READY" }],
    binary: answer, json: answer, mixed: answer, gzip: answer, asynchronous: answer,
    response: { id: "mine", model_version: "3", parameters: { variant: "champion", digest: "d".repeat(64) } },
    missing: { status: "400", message: 'input "hour" is missing' }, unknown: { status: "404" },
  });
  const [first] = server.model.asked;
  expect(first!.key).toBe("u1");
  expect(first!.batch.columns.map((values) => [...(values as Iterable<unknown>)])).toEqual([
    ["UA", "späť"], ["x", ""], [17n, -3n], [1089.5, 2], [0.5, Number.NaN], [0.1, 1e300], [1, 0], [5n, 6n], [1, 2, 3, 4, 5, 6],
  ]);
});
