import { setTimeout as wait } from "node:timers/promises";
import type { Actor, Commit, CommitSummary, Expected, LogHead } from "../schemas/commit.ts";
import { RelearnError, failureTypeOf } from "../schemas/failures.ts";
import { canonicalBytes, sha256Hex } from "./canonical.ts";
import { commitRules, nobodyServes, type CommitRules, type PutReport } from "./commit-rules.ts";
import { entryKey, foldBytes, foldEvery, foldKey, headKey, readEntry, type LoggedCommit } from "./log-entries.ts";
import { openLogReader, type LogReader } from "./log-reader.ts";
import type { ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

/** The log as it stands when an entry is planned. */
export interface LogView {
  readonly tip: LoggedCommit | null;
  /** One line an entry, from entry 1. */
  readonly summaries: readonly CommitSummary[];
}

/** The part of an entry that its writer decides. `expected` where it is known only once the log was seen. */
export type Draft = Pick<Commit, "operation" | "state" | "versions" | "approval" | "digests"> & Partial<Pick<Commit, "expected">>;

export interface AppendRequest {
  /** The same on every retry of the same step: workflow id and step. */
  readonly txn: string;
  readonly actor: Actor;
  /** The champion the writer takes for granted; null where any will do. */
  readonly expected: Expected | null;
  /** Makes the entry from the log as it stands; called again when another writer came first. Throws to refuse. */
  plan(view: LogView): Draft | Promise<Draft>;
  readonly signal?: AbortSignal;
}

/** `repeated`: this transaction was in the log before this call. */
export type Appended = LoggedCommit & { readonly repeated: boolean };

export interface CommitLog {
  readonly model: string;
  tip(signal?: AbortSignal): Promise<LoggedCommit | null>;
  entry(n: number, signal?: AbortSignal): Promise<LoggedCommit | null>;
  /** The entry in force at a UTC instant. */
  at(time: string, signal?: AbortSignal): Promise<LoggedCommit | null>;
  summaries(signal?: AbortSignal): Promise<readonly CommitSummary[]>;
  /** Entries, newest first, from `before` (exclusive) down. */
  history(options?: { before?: number; signal?: AbortSignal }): AsyncIterable<LoggedCommit>;
  /** Entries after `after`, for ever, as they come. Ends when the signal aborts. */
  follow(options: { after: number; everyMs?: number; signal: AbortSignal }): AsyncIterable<LoggedCommit>;
  /**
   * Writes one entry, exactly once for its `txn`, however often it is called and whatever happens to the replies.
   * @throws RelearnError `Superseded` when `expected` does not hold, naming who won; `StoreUnavailable` when the outcome could
   * not be learnt: call again with the same `txn`.
   */
  append(request: AppendRequest): Promise<Appended>;
}

export interface CommitLogOptions {
  readonly now?: () => Date;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** How often one append writes, reads back and waits before it reports that it could not learn the outcome. */
  readonly attempts?: number;
  readonly rules?: CommitRules;
}

/** The log of one model. One object per process and model is enough; it may be used by many callers at once. */
export function openCommitLog(store: ObjectStore, model: string, options: CommitLogOptions = {}): CommitLog {
  const reader = openLogReader(store, model);
  const context: Context = {
    store, model, reader,
    now: options.now ?? (() => new Date()),
    sleep: options.sleep ?? (async (ms, signal) => wait(ms, undefined, { signal })),
    attempts: options.attempts ?? 12,
    rules: options.rules ?? commitRules,
  };
  return {
    model,
    tip: reader.tip,
    entry: reader.entry,
    at: reader.at,
    summaries: reader.summaries,
    history: (range = {}) => history(reader, range),
    follow: (range) => follow(context, range),
    append: (request) => append(context, request),
  };
}

interface Context extends Required<CommitLogOptions> {
  readonly store: ObjectStore;
  readonly model: string;
  readonly reader: LogReader;
}

async function append(context: Context, request: AppendRequest): Promise<Appended> {
  for (;;) {
    request.signal?.throwIfAborted();
    const summaries = await context.reader.summaries(request.signal);
    const tip = await entryOf(context, summaries.at(-1), request.signal);
    const mine = context.rules.findMine(summaries, request.txn);
    if (mine !== undefined) return { ...((await entryOf(context, mine, request.signal)) as LoggedCommit), repeated: true };
    await refuseSuperseded(context, request, { tip, summaries });
    const draft = await request.plan({ tip, summaries });
    const bytes = canonicalBytes(makeEntry(context, request, tip, draft));
    const written = await write(context, (tip?.entry.n ?? 0) + 1, bytes, request);
    if (written === null) continue;
    context.reader.remember(written);
    await leaveHints(context, written);
    return { ...written, repeated: false };
  }
}

async function entryOf(context: Context, summary: CommitSummary | undefined, signal?: AbortSignal): Promise<LoggedCommit | null> {
  if (summary === undefined) return null;
  const newest = await context.reader.entry(summary.n, signal);
  if (newest?.hash === summary.hash) return newest;
  throw new RelearnError("Corrupt", `entry ${summary.n} of the log of ${context.model} is not the one it was; run \`relearn verify\``);
}

function makeEntry({ now }: Context, request: AppendRequest, tip: LoggedCommit | null, draft: Draft): Commit {
  const at = now().toISOString();
  const { txn, actor, expected } = request;
  const previousAt = tip?.entry.at ?? at;
  return { version: 1, n: (tip?.entry.n ?? 0) + 1, txn, previousHash: tip?.hash ?? null, at: at < previousAt ? previousAt : at, actor, expected, ...draft };
}

/** Puts one entry until it is known who holds the number: this writer (the entry) or another (null). Nothing is ever cleaned up. */
async function write(context: Context, n: number, body: Uint8Array, { txn, signal }: AppendRequest): Promise<LoggedCommit | null> {
  const { store, model, rules } = context;
  for (let attempt = 1; attempt <= context.attempts; attempt++) {
    if (attempt > 1) await context.sleep(Math.min(2_000, 10 * 2 ** attempt) * (0.5 + Math.random() / 2), signal);
    const next = rules.afterPut(await putOnce(store, entryKey(model, n), body, signal));
    if (next === "done") return { entry: JSON.parse(new TextDecoder().decode(body)) as Commit, hash: sha256Hex(body) };
    if (next === "again") continue;
    const found = await readEntry(store, model, n, signal);
    const verdict = rules.afterLook(found?.entry ?? null, txn);
    if (verdict === "done") return found;
    if (verdict === "taken") return null;
  }
  throw new RelearnError("StoreUnavailable", `could not learn whether entry ${n} of the log of ${model} was written to s3://${store.bucket}; repeat the step, it is written at most once`);
}

async function putOnce(store: ObjectStore, key: string, body: Uint8Array, signal?: AbortSignal): Promise<PutReport> {
  try {
    return (await store.put(key, body, { ifNoneMatch: "*", once: true, contentType: "application/json", signal })).outcome;
  } catch (error) {
    if (failureTypeOf(error) === "StoreUnavailable") return "unknown";
    throw error;
  }
}

async function refuseSuperseded(context: Context, { expected, signal }: AppendRequest, { tip, summaries }: LogView): Promise<void> {
  if (context.rules.expectedHolds(expected, tip?.entry.state ?? nobodyServes)) return;
  throw new RelearnError("Superseded", await describeWinner(context, summaries, expected, signal));
}

/** Says which version serves now, and who made it so. */
async function describeWinner(context: Context, summaries: readonly CommitSummary[], expected: Expected | null, signal?: AbortSignal): Promise<string> {
  const change = summaries.findLast((summary) => summary.kind === "promote" || summary.kind === "rollback");
  const wanted = expected?.champion == null ? "no champion" : `version ${expected.champion.version} as champion`;
  if (change === undefined) return `${context.model} has no champion, and this step expected ${wanted}`;
  const { entry } = (await entryOf(context, change, signal)) as LoggedCommit;
  const verb = entry.operation.kind === "promote" ? "promoted" : "rolled back to";
  return `version ${change.v} of ${context.model} was ${verb} by ${entry.actor.name} at ${entry.at} (entry ${entry.n}); this step expected ${wanted}`;
}

/** The fold and the head are hints: losing them costs readers time, so a failure here is not the caller's. */
async function leaveHints({ store, model, reader }: Context, { entry: { n }, hash }: LoggedCommit): Promise<void> {
  try {
    if (n % foldEvery === 0) reader.missingFolds.add(n);
    if (reader.missingFolds.size > 0) {
      const summaries = await reader.summaries();
      for (const end of reader.missingFolds) await store.put(foldKey(model, end), foldBytes(summaries, end), { ifNoneMatch: "*", contentType: "application/json" });
      reader.missingFolds.clear();
    }
    await store.put(headKey(model), canonicalBytes({ version: 1, n, hash } satisfies LogHead), { once: true, contentType: "application/json" });
  } catch (error) {
    if (failureTypeOf(error) === null) throw error;
  }
}

async function* history(reader: LogReader, { before, signal }: { before?: number; signal?: AbortSignal }): AsyncGenerator<LoggedCommit, void> {
  let high = Math.min(before ?? Infinity, ((await reader.tip(signal))?.entry.n ?? 0) + 1) - 1;
  for (; high > 0; high -= 16) {
    const numbers = Array.from({ length: Math.min(16, high) }, (_, i) => high - i);
    for (const logged of await inParallel(numbers, 8, (n) => reader.entry(n, signal))) if (logged !== null) yield logged;
  }
}

async function* follow({ reader, sleep }: Context, { after, everyMs = 1_000, signal }: { after: number; everyMs?: number; signal: AbortSignal }): AsyncGenerator<LoggedCommit, void> {
  for (let n = after + 1; !signal.aborted;) {
    const logged = await reader.entry(n, signal).catch((error: unknown) => {
      if (signal.aborted || failureTypeOf(error) === "StoreUnavailable") return null;
      throw error;
    });
    if (logged === null) await sleep(everyMs, signal).catch(() => undefined);
    else {
      n++;
      yield logged;
    }
  }
}
