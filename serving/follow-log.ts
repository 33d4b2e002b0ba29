import { setTimeout as sleep } from "node:timers/promises";
import type { LoggedCommit } from "../stores/log-entries.ts";
import { headKey } from "../stores/log-entries.ts";
import { openLogReader } from "../stores/log-reader.ts";
import type { ObjectStore } from "../stores/object-store.ts";

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Gets each newest entry once; one that came and went between two looks is passed over. */
  readonly onEntry: (logged: LoggedCommit) => void;
  /** Told once when a look fails, and again (with null) when one succeeds after that. */
  readonly onTrouble: (error: Error | null) => void;
  readonly everyMs?: number;
}

/** Every so many looks the log itself is asked: a writer may have died between its entry and the hint. */
const looksBetweenReads = 20;
/** While the store does not answer. */
const longestPauseMs = 2_000;

/**
 * Follows a model's log for as long as `signal` lets it: every 250 ms one conditional read of the hint `head.json`, which costs the store nothing
 * while nothing changes. What cannot be read now is read later; nothing that was told is taken back.
 */
export async function followLog(store: ObjectStore, model: string, { signal, onEntry, onTrouble, everyMs = 250 }: FollowOptions): Promise<void> {
  const look = createLook(store, model, signal);
  let told = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const tip = await look();
      if (tip !== null && tip.entry.n > told) onEntry(tip);
      told = Math.max(told, tip?.entry.n ?? 0);
      if (failures > 0) onTrouble(null);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (failures++ === 0) onTrouble(error as Error);
    }
    await sleep(Math.min(longestPauseMs, everyMs * 2 ** Math.min(failures, 8)), undefined, { signal }).catch(() => undefined);
  }
}

/** One look at a log: its newest entry, or null when nothing has changed. */
function createLook(store: ObjectStore, model: string, signal: AbortSignal): () => Promise<LoggedCommit | null> {
  const reader = openLogReader(store, model);
  let etag = "";
  let looks = 0;
  return async () => {
    const head = etag === "" ? await store.get(headKey(model), { signal }) : await store.getIfChanged(headKey(model), etag, { signal });
    if (head === "unchanged" && looks++ % looksBetweenReads !== 0) return null;
    const tip = await reader.tip(signal);
    if (head !== "unchanged") etag = head?.etag ?? "";
    return tip;
  };
}
