import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Definition } from "../../schemas/definition.ts";
import { openSandbox } from "../../tables/sql-child.ts";

/** Refuses slices and metrics that are anything but one repeatable expression. @throws RelearnError `InvalidSql`. */
export async function checkPeoplesSql(scratch: string, { slices, metrics, timezone }: Definition, signal: AbortSignal): Promise<void> {
  const all = [...Object.entries(slices).map(([name, sql]) => [`slice "${name}"`, sql] as const), ...Object.entries(metrics).map(([name, { sql }]) => [`metric "${name}"`, sql] as const)];
  if (all.length === 0) return;
  const folder = join(scratch, "scoring", `sql-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  const sandbox = await openSandbox({ scratch: folder, timezone, memoryMegabytes: 256, threads: 1, signal });
  try {
    for (const [title, sql] of all) await sandbox.checkExpression(title, sql);
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}
