import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { readText } from "./arguments.ts";

/** Who acts: as given, else git's user.name, else the system's user. A claim, recorded as such. */
export async function personOf(given: string | undefined): Promise<string> {
  if (given !== undefined) return readText("--by", given, 120);
  const git = await promisify(execFile)("git", ["config", "user.name"], { timeout: 2_000 }).then(({ stdout }) => stdout.trim(), () => "");
  return readText("--by", git || userInfo().username, 120);
}
