import type { CommitFold, CommitSummary } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import { foldEvery, readEntry, readFold, readHead, summarize, entryKey, type LoggedCommit } from "./log-entries.ts";
import type { ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

/** Reads one model's log. It remembers what it read, for entries never change. */
export interface LogReader {
  /** The newest entry; null while the log is empty. */
  tip(signal?: AbortSignal): Promise<LoggedCommit | null>;
  entry(n: number, signal?: AbortSignal): Promise<LoggedCommit | null>;
  /** The entry in force at an instant: the last one not after it. */
  at(time: string, signal?: AbortSignal): Promise<LoggedCommit | null>;
  /** A line for each entry from 1 to the tip. `missingFolds` could have saved reads. */
  summaries(signal?: AbortSignal): Promise<readonly CommitSummary[]>;
  readonly missingFolds: Set<number>;
  /** Takes in an entry that was just written as the newest. */
  remember(logged: LoggedCommit): void;
}

/** Entries kept in memory by number. */
const recentEntries = 128;

const readers = new WeakMap<ObjectStore, Map<string, LogReader>>();

/** One reader a store and model, so that a long-lived process reads each entry once. */
export function openLogReader(store: ObjectStore, model: string): LogReader {
  const ofStore = readers.get(store) ?? new Map<string, LogReader>();
  readers.set(store, ofStore);
  const reader = ofStore.get(model) ?? createLogReader(store, model);
  ofStore.set(model, reader);
  return reader;
}

function createLogReader(store: ObjectStore, model: string): LogReader {
  let newest: LoggedCommit | null = null;
  const known: CommitSummary[] = [];
  const missingFolds = new Set<number>();
  const recent = new Map<number, LoggedCommit>();

  const read = async (n: number, signal?: AbortSignal): Promise<LoggedCommit | null> => {
    const held = recent.get(n);
    return held ?? keep(await readEntry(store, model, n, signal));
  };

  const keep = (logged: LoggedCommit | null): LoggedCommit | null => {
    if (logged === null) return null;
    recent.set(logged.entry.n, logged);
    if (recent.size > recentEntries) recent.delete(recent.keys().next().value as number);
    return logged;
  };

  const remember = (logged: LoggedCommit): void => {
    const n = logged.entry.n;
    if (n === known.length + 1) known.push(summarize(linked(store.bucket, model, known.at(-1)?.hash ?? null, logged)));
    advance(keep(logged));
  };

  const advance = (logged: LoggedCommit | null): LoggedCommit | null => {
    if (logged !== null && (newest === null || logged.entry.n > newest.entry.n)) newest = logged;
    return newest;
  };

  const tip = async (signal?: AbortSignal): Promise<LoggedCommit | null> => {
    const start: LoggedCommit | null = newest ?? (await readHint(signal));
    const next = await read((start?.entry.n ?? 0) + 1, signal);
    if (next === null) return advance(start);
    linked(store.bucket, model, start?.hash ?? null, next);
    const end = await findEnd(next.entry.n, async (n) => (await store.head(entryKey(model, n), { signal })) !== null);
    return advance(end === next.entry.n ? next : await read(end, signal));
  };

  const readHint = async (signal?: AbortSignal): Promise<LoggedCommit | null> => {
    const n = await readHead(store, model, signal);
    return n === 0 ? null : read(n, signal);
  };

  const extend = (batch: readonly (LoggedCommit | null)[]): void => {
    for (const logged of batch) {
      if (logged === null) throw new RelearnError("Corrupt", `entry ${known.length + 1} of the log of ${model} is missing from s3://${store.bucket}; run \`relearn verify\``);
      if (logged.entry.n === known.length + 1) known.push(summarize(linked(store.bucket, model, known.at(-1)?.hash ?? null, logged)));
    }
  };

  const summaries = async (signal?: AbortSignal): Promise<readonly CommitSummary[]> => {
    const end = (await tip(signal))?.entry.n ?? 0;
    if (end === known.length) return known;
    const ends = foldEnds(known.length, end);
    const folds = await inParallel(ends, 8, (n) => readFold(store, model, n, signal));
    for (const [i, n] of ends.entries()) {
      const fold = folds[i] ?? null;
      if (fold === null || known.length !== n - foldEvery) missingFolds.add(n);
      else known.push(...fold.entries);
      if (known.length < n) extend(await readRange(known.length + 1, n, signal));
    }
    extend(await readRange(known.length + 1, end, signal));
    return known;
  };

  const readRange = (from: number, to: number, signal?: AbortSignal): Promise<(LoggedCommit | null)[]> =>
    inParallel(Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i), 16, (n) => read(n, signal));

  const at = async (instant: string, signal?: AbortSignal): Promise<LoggedCommit | null> => {
    const time = new Date(instant).toISOString();
    const last = await tip(signal);
    if (last === null || last.entry.at <= time) return last;
    const range = await narrowByFolds(last.entry.n, time, (n) => readFold(store, model, n, signal));
    const n = await lastNotAfter(range, async (n) => ((await read(n, signal))?.entry.at ?? "") <= time);
    return n === 0 ? null : read(n, signal);
  };

  return { tip, entry: read, at, summaries, missingFolds, remember };
}

/** Checks the link between two neighbours. */
function linked(bucket: string, model: string, previousHash: string | null, logged: LoggedCommit): LoggedCommit {
  if (logged.entry.previousHash === previousHash) return logged;
  const key = `s3://${bucket}/${entryKey(model, logged.entry.n)}`;
  throw new RelearnError("Corrupt", `${key} follows an entry with hash ${logged.entry.previousHash}, but the one before it has ${previousHash}; run \`relearn verify\``);
}

/** Fold ends in (have, end]. */
function foldEnds(have: number, end: number): number[] {
  const first = Math.floor(have / foldEvery) + 1;
  return Array.from({ length: Math.max(0, Math.floor(end / foldEvery) - first + 1) }, (_, i) => (first + i) * foldEvery);
}

/** The last number that exists, from one that does: doubling steps, then halving. Entries are contiguous, so this is exact. */
async function findEnd(from: number, exists: (n: number) => Promise<boolean>): Promise<number> {
  let step = 1;
  while (await exists(from + step)) step *= 2;
  return lastNotAfter({ low: from + Math.floor(step / 2), high: from + step }, exists);
}

interface Range {
  /** Known to be at or before what is looked for; 0 is before everything. */
  readonly low: number;
  /** Known to be after it. */
  readonly high: number;
}

async function lastNotAfter({ low, high }: Range, isNotAfter: (n: number) => Promise<boolean>): Promise<number> {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isNotAfter(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Two folds tell the exact entry; without folds the range stays as wide as the log. */
async function narrowByFolds(end: number, time: string, fold: (n: number) => Promise<CommitFold | null>): Promise<Range> {
  const lastEnd = Math.floor(end / foldEvery) * foldEvery;
  const last = lastEnd === 0 ? null : await fold(lastEnd);
  if (last === null) return { low: 0, high: end };
  const ends = [...last.earlier, { n: last.n, at: (last.entries.at(-1) as CommitSummary).at }];
  const low = ends.findLast((e) => e.at <= time)?.n ?? 0;
  if (low === last.n) return { low, high: end };
  const holder = low + foldEvery === last.n ? last : await fold(low + foldEvery);
  if (holder === null) return { low, high: low + foldEvery };
  const inForce = holder.entries.findLast((e) => e.at <= time)?.n ?? low;
  return { low: inForce, high: inForce + 1 };
}
