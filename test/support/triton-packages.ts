import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../../infra/setup/lock.mjs";
import { loadSettings } from "../../schemas/settings.ts";

const root = resolve(import.meta.dirname, "../..");
const requirements = join(root, "test", "serving", "requirements.txt");

/** The Python of this repository's environment. */
export const python = loadSettings({}).python.executable;

/** A folder for PYTHONPATH with tritonclient, made once for a list of packages: 3 s of processor time and a download of 24 MB. */
export async function tritonPackages(): Promise<string> {
  const folder = join(root, ".cache", `tritonclient-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(join(root, ".cache"), { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await install(folder);
    return folder;
  });
}

/** Under another name until it is whole. */
async function install(folder: string): Promise<void> {
  const half = `${folder}.${process.pid}`;
  await pip(["install", "-q", "--no-input", "--disable-pip-version-check", "--no-compile", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", half, "-r", requirements]);
  renameSync(half, folder);
}

/** The environment of this repository may have no pip of its own. */
async function pip(args: readonly string[]): Promise<void> {
  const has = await promisify(execFile)(python, ["-m", "pip", "--version"]).then(() => true, () => false);
  await promisify(execFile)(has ? python : "python3", ["-m", "pip", ...(has ? [] : ["--python", python]), ...args], { timeout: 110_000 });
}
