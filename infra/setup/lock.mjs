import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Holds `path` while `work` runs, so that two set-ups take turns. A lock whose owner has died is taken over.
 * @param onWait called once when somebody else holds it, with that process's id
 */
export async function withLock(path, work, onWait = () => {}) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryLock(path)) {
    const owner = readOwner(path);
    if (owner !== null && !isAlive(owner)) takeAway(path, owner);
    else {
      if (!told && owner !== null) onWait(owner.pid);
      told = told || owner !== null;
      await sleep(20);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** The lock appears whole: written aside, then linked into place, which only one process can do. */
function tryLock(path) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) }));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readOwner(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function isAlive({ pid, startedAt }) {
  const now = startTimeOf(pid);
  return now !== null && now === startedAt;
}

/** Moved aside before it is judged again: a lock that somebody took over in the meantime is put back. */
function takeAway(path, dead) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readOwner(aside);
  if (moved !== null && (moved.pid !== dead.pid || moved.startedAt !== dead.startedAt)) {
    try {
      linkSync(aside, path);
    } catch {}
  }
  rmSync(aside, { force: true });
}

/** When a running process started, in the system's own words; null when there is none. Tells a recycled process id from the first. */
export function startTimeOf(pid) {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = fields[19];
      // An ended process that its parent has not collected keeps its id, and does nothing any more.
      if (fields[0] === "Z" || fields[0] === "X") return null;
      // Ticks count from the boot, so another boot's process could have the same id and the same ticks.
      return ticks === undefined ? null : `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${ticks}`;
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" } }).trim() || null;
  } catch {
    return null;
  }
}
