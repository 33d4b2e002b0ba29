import { readJson } from "../schemas/boundary.ts";
import { commit, commitFold, logHead, type Commit, type CommitFold, type CommitSummary } from "../schemas/commit.ts";
import { RelearnError } from "../schemas/failures.ts";
import { canonicalBytes, sha256Hex } from "./canonical.ts";
import type { ObjectStore } from "./object-store.ts";

/** Every this many entries a fold is kept. */
export const foldEvery = 256;

/** An entry with the SHA-256 of its bytes, which the next one holds. */
export interface LoggedCommit {
  readonly entry: Commit;
  readonly hash: string;
}

const digits = (n: number): string => String(n).padStart(20, "0");
export const logPrefix = (model: string): string => `models/${model}/log/`;
export const entryKey = (model: string, n: number): string => `${logPrefix(model)}${digits(n)}.json`;
export const foldKey = (model: string, n: number): string => `models/${model}/folds/${digits(n)}.json`;
export const headKey = (model: string): string => `models/${model}/head.json`;

/** Null when the number is free. @throws RelearnError `Corrupt` naming the key. */
export async function readEntry(store: ObjectStore, model: string, n: number, signal?: AbortSignal): Promise<LoggedCommit | null> {
  const key = entryKey(model, n);
  const found = await store.get(key, { signal });
  if (found === null) return null;
  const hash = sha256Hex(found.body);
  const entry = parsedBefore.get(hash) ?? remember(hash, parseEntry(found.body, `s3://${store.bucket}/${key}`));
  if (entry.n !== n) throw new RelearnError("Corrupt", `s3://${store.bucket}/${key} says it is entry ${entry.n}`);
  return { entry, hash };
}

/** Entries by the hash of their bytes: reading the same bytes again costs no parsing. */
const parsedBefore = new Map<string, Commit>();

function remember(hash: string, entry: Commit): Commit {
  parsedBefore.set(hash, entry);
  if (parsedBefore.size > 512) parsedBefore.delete(parsedBefore.keys().next().value as string);
  return entry;
}

function parseEntry(body: Uint8Array, what: string): Commit {
  try {
    return readJson(commit, new TextDecoder("utf-8", { fatal: true }).decode(body), what);
  } catch (error) {
    throw new RelearnError("Corrupt", `${what} is not a log entry; run \`relearn verify\`: ${(error as Error).message}`, { cause: error });
  }
}

/** Null when there is none, or none that can be used: a fold is only a shortcut. */
export async function readFold(store: ObjectStore, model: string, n: number, signal?: AbortSignal): Promise<CommitFold | null> {
  const found = await store.get(foldKey(model, n), { signal });
  if (found === null) return null;
  try {
    const fold = readJson(commitFold, new TextDecoder().decode(found.body), foldKey(model, n));
    return fold.n === n && fold.entries.length === foldEvery && fold.entries.every((summary, i) => summary.n === n - foldEvery + 1 + i) ? fold : null;
  } catch {
    return null;
  }
}

/** Where the log ended not long ago; 0 when there is no usable hint. */
export async function readHead(store: ObjectStore, model: string, signal?: AbortSignal): Promise<number> {
  const found = await store.get(headKey(model), { signal });
  if (found === null) return 0;
  try {
    return readJson(logHead, new TextDecoder().decode(found.body), headKey(model)).n;
  } catch {
    return 0;
  }
}

export function summarize({ entry, hash }: LoggedCommit): CommitSummary {
  const { operation } = entry;
  return {
    n: entry.n, txn: entry.txn, hash, at: entry.at, kind: operation.kind, v: operation.v,
    champion: entry.state.champion?.v ?? null,
    decision: operation.kind === "decision" ? operation.decision : null,
    digest: operation.kind === "decision" ? operation.digest : null,
    ...(operation.kind === "rollout" ? { action: operation.action } : {}),
  };
}

/** The fold that ends at entry `n`; the same bytes whoever makes it. @param summaries of entries 1 to at least n. */
export function foldBytes(summaries: readonly CommitSummary[], n: number): Uint8Array {
  const ends = Array.from({ length: n / foldEvery - 1 }, (_, i) => summaries[(i + 1) * foldEvery - 1] as CommitSummary);
  const fold: CommitFold = { version: 1, n, entries: summaries.slice(n - foldEvery, n), earlier: ends.map(({ n, at, hash }) => ({ n, at, hash })) };
  return canonicalBytes(fold);
}
