import { readdirSync, readFileSync } from "node:fs";

const pageBytes = 4_096;

/** A process with its children, and theirs. */
export interface ResidentMemory {
  readonly processes: number;
  /** Pages that they share count for each. */
  readonly bytes: number;
}

/** What a process and its children have in memory; null where there is no /proc. */
export function residentMemory(pid: number): ResidentMemory | null {
  const parents = parentsOf();
  if (parents === null) return null;
  const all = [pid];
  for (const parent of all) for (const [child, of] of parents) if (of === parent) all.push(child);
  return { processes: all.length, bytes: all.reduce((sum, one) => sum + residentOf(one), 0) };
}

/** Parents by child, of all processes that are there. */
function parentsOf(): ReadonlyMap<number, number> | null {
  try {
    const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return new Map(all.map((name) => [Number(name), parentOf(name)]));
  } catch {
    return null;
  }
}

/** A process that has ended since has no parent. The name before it, in brackets, may hold anything. */
function parentOf(pid: string): number {
  const stat = readOr(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

const residentOf = (pid: number): number => Number(readOr(`/proc/${pid}/statm`).split(" ")[1] ?? 0) * pageBytes;

function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
