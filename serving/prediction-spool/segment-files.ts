import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";

/** A segment that is being written by a process that lives, and one that is complete. */
const [openEnd, closedEnd] = [".open", ".segment"] as const;

/** Whether a system keeps processes under /proc, where a start time tells a reused process id from the one before it. */
function startOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ")[19] ?? "0";
  } catch {
    return exists(pid) ? "0" : null;
  }
}

function exists(pid: number): boolean {
  try {
    return process.platform !== "linux" && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Names a new segment by its owner, so that another process sees whether that still lives. */
export function newSegment(folder: string): string {
  return join(folder, `${Date.now().toString(36)}-${process.pid}-${startOf(process.pid)}-${randomBytes(4).toString("hex")}${openEnd}`);
}

/** Marks a segment as complete. @returns its new path. */
export async function closeSegment(path: string): Promise<string> {
  const to = path.slice(0, -openEnd.length) + closedEnd;
  await rename(path, to);
  return to;
}

export interface SpoolFiles {
  /** Complete segments, oldest first. */
  readonly closed: readonly string[];
  /** Bytes of all that lies in the folder. */
  readonly bytes: number;
}

/** Lists a spool, closing segments whose process is gone. */
export async function listSpool(folder: string): Promise<SpoolFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder)).sort();
  const paths = await Promise.all(names.map((name) => adopted(folder, name)));
  const sizes = await Promise.all(paths.map((path) => stat(path).then(({ size }) => size, () => 0)));
  return { closed: paths.filter((path) => path.endsWith(closedEnd)), bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function adopted(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const [, pid, start] = name.split("-");
  if (!name.endsWith(openEnd) || startOf(Number(pid)) === start) return path;
  return closeSegment(path).catch(() => path);
}

/** Makes names in a folder outlive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}
