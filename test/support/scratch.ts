import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopStack } from "../../infra/local-stack.ts";
import { startTimeOf } from "../../infra/setup/lock.mjs";

const prefix = "relearn-test-";

/** A folder of this run's own, in which every test makes its temporary ones: whatever a test leaves behind goes with it. */
export function openScratch(): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(folder, "owner.json"), JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) }));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** Ends the servers of runs that were killed before they could, and removes what those runs left. */
export async function sweepScratch(): Promise<void> {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
  for (const folder of folders.filter(isLeftOver)) {
    for (const home of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) await stopStack({ home }, { graceMs: 0 }).catch(() => {});
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function isLeftOver(folder: string): boolean {
  const file = join(folder, "owner.json");
  if (!existsSync(file)) return false;
  try {
    const owner = JSON.parse(readFileSync(file, "utf8")) as { pid: number; startedAt: string };
    return startTimeOf(owner.pid) !== owner.startedAt;
  } catch {
    return false;
  }
}
