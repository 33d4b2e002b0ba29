import { execFile } from "node:child_process";
import { findProgram } from "../../infra/programs.ts";
import type { World } from "./world.ts";

/** Says `temporal workflow signal`. @returns its exit code and all it said */
export function temporal({ settings }: World, workflow: string, signal: string, ...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const line = ["workflow", "signal", "--workflow-id", workflow, "--name", signal, "--address", settings.temporal.address!, ...args];
  return new Promise((resolve) => {
    execFile(findProgram("temporal", settings.root), line, { timeout: 30_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), said: `${stdout}${stderr}` }));
  });
}

export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
