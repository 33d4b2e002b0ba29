import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Manifest } from "../../schemas/manifest.ts";

const run = promisify(execFile);

/** The git commit that a folder is at, and whether it holds changes on top; null outside git. */
export async function codeCommit(folder: string | undefined): Promise<Manifest["code"]> {
  if (folder === undefined) return null;
  const git = async (...args: string[]) => (await run("git", ["-C", folder, ...args], { timeout: 5_000, maxBuffer: 1 << 20 })).stdout.trim();
  try {
    const [commit, changes] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain", "--", ".")]);
    return { commit, dirty: changes !== "" };
  } catch {
    return null;
  }
}
