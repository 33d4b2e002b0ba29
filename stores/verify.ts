import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson } from "../schemas/boundary.ts";
import { commit, logHead, type Commit, type CommitSummary } from "../schemas/commit.ts";
import { failureTypeOf } from "../schemas/failures.ts";
import { type Manifest, manifest as manifestSchema } from "../schemas/manifest.ts";
import type { BlobRef } from "../schemas/names.ts";
import { blobKey, downloadBlob } from "./blobs.ts";
import { canonicalBytes, sha256Hex } from "./canonical.ts";
import { nobodyServes } from "./commit-rules.ts";
import { checkCommit } from "./verify-commit.ts";
import { entryKey, foldBytes, foldEvery, foldKey, headKey, logPrefix, summarize, type LoggedCommit } from "./log-entries.ts";
import type { ObjectStore } from "./object-store.ts";
import { versionKey } from "./registry.ts";
import { signatureProblem } from "./signing.ts";

/** One thing that is not as the log says: the object's key, and what differs. */
export interface Finding {
  readonly key: string;
  readonly problem: string;
}

export interface Verified {
  readonly model: string;
  readonly entries: number;
  readonly versions: number;
  /** Objects whose bytes were read and hashed. */
  readonly objects: number;
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** Public keys (SPKI DER in base64) whose signatures count. */
  readonly trusted: readonly string[];
  readonly signal?: AbortSignal;
  /** Called after each entry. */
  readonly onEntry?: (n: number) => void;
}

/** Blobs above this size are hashed in a file instead of in memory. */
const inMemoryBytes = 32 * 2 ** 20;

/** Reads a model's whole log and every object it vouches for, and reports all that does not fit. It changes nothing. */
export async function verifyModel(store: ObjectStore, model: string, options: VerifyOptions): Promise<Verified> {
  const findings: Finding[] = [];
  const walk: Walk = { store, model, options, findings, objects: 0, summaries: [], registered: new Map() };
  let previous: LoggedCommit | null = null;
  let n = 1;
  for (; ; n++) {
    const body = (await store.get(entryKey(model, n), { signal: options.signal }))?.body;
    if (body === undefined) break;
    walk.objects++;
    const logged = readLogged(walk, n, body);
    if (logged !== null) await verifyEntry(walk, logged, previous);
    previous = logged ?? previous;
    options.onEntry?.(n);
  }
  await verifyEnd(walk, n - 1);
  return { model, entries: n - 1, versions: walk.registered.size, objects: walk.objects, findings };
}

interface Walk {
  readonly store: ObjectStore;
  readonly model: string;
  readonly options: VerifyOptions;
  readonly findings: Finding[];
  objects: number;
  /** Of the entries read so far that could be read. */
  readonly summaries: CommitSummary[];
  /** Entries that register a version, by version. */
  readonly registered: Map<number, Extract<Commit["operation"], { kind: "register" }>>;
}

function readLogged(walk: Walk, n: number, body: Uint8Array): LoggedCommit | null {
  const key = entryKey(walk.model, n);
  try {
    const entry = readJson(commit, new TextDecoder("utf-8", { fatal: true }).decode(body), key);
    if (Buffer.compare(canonicalBytes(entry), body) !== 0) walk.findings.push({ key, problem: "is not written as RFC 8785 JSON, so its bytes were changed" });
    if (entry.n !== n) walk.findings.push({ key, problem: `says it is entry ${entry.n}` });
    return { entry, hash: sha256Hex(body) };
  } catch (error) {
    walk.findings.push({ key, problem: `cannot be read as an entry: ${(error as Error).message}` });
    return null;
  }
}

async function verifyEntry(walk: Walk, logged: LoggedCommit, previous: LoggedCommit | null): Promise<void> {
  const { entry } = logged;
  const key = entryKey(walk.model, entry.n);
  const before = { hash: previous?.hash ?? null, at: previous?.entry.at ?? "", state: previous?.entry.state ?? nobodyServes, versions: previous?.entry.versions ?? 0 };
  const problems = checkCommit(entry, before, walk.summaries, walk.registered, await approvalOf(walk, entry));
  walk.findings.push(...problems.map((problem) => ({ key, problem })));
  walk.summaries.push(summarize(logged));
  if (entry.operation.kind === "register") {
    walk.registered.set(entry.operation.v, entry.operation);
    await verifyVersion(walk, entry.operation);
  }
  if (entry.n % foldEvery === 0) await verifyFold(walk, entry.n);
}

async function approvalOf(walk: Walk, entry: Commit): Promise<Commit | null> {
  if (entry.approval === null) return null;
  const found = await walk.store.get(entryKey(walk.model, entry.approval.n), { signal: walk.options.signal });
  const parsed = commit.safeParse(found === null ? null : parseOrNull(found.body));
  return parsed.success ? parsed.data : null;
}

function parseOrNull(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null;
  }
}

/** The blobs a version stands on, its manifest and signature, and the copies for people. */
async function verifyVersion(walk: Walk, version: Extract<Commit["operation"], { kind: "register" }>): Promise<void> {
  await verifyBlob(walk, version.model, "model");
  const files = [["manifest.json", version.manifest], ["evaluation.json", version.evaluation], ["card.md", version.card]] as const;
  for (const [name, ref] of files) {
    const bytes = await verifyBlob(walk, ref, name);
    const manifest = name === "manifest.json" && bytes !== null ? verifyManifest(walk, version, bytes) : null;
    if (manifest?.golden !== undefined) await verifyBlob(walk, manifest.golden, "version's golden predictions");
    await verifyCopy(walk, versionKey(walk.model, version.v, name), ref);
  }
}

/** The blob's bytes where they fit in memory and are right. */
async function verifyBlob(walk: Walk, ref: BlobRef, what: string): Promise<Uint8Array | null> {
  const key = blobKey(ref.sha256);
  const { store, findings, options: { signal } } = walk;
  walk.objects++;
  if (ref.bytes > inMemoryBytes) return verifyLargeBlob(walk, ref, what);
  const found = await store.get(key, { signal });
  if (found === null) findings.push({ key, problem: `is missing (a ${what})` });
  else if (sha256Hex(found.body) !== ref.sha256) findings.push({ key, problem: `holds other bytes than its name says (a ${what}): SHA-256 ${sha256Hex(found.body)}` });
  else return found.body;
  return null;
}

async function verifyLargeBlob({ store, findings, options }: Walk, ref: BlobRef, what: string): Promise<null> {
  const folder = await mkdtemp(join(tmpdir(), "relearn-verify-"));
  try {
    await downloadBlob(store, ref, join(folder, "blob"), options.signal);
  } catch (error) {
    const type = failureTypeOf(error);
    if (type !== "Corrupt" && type !== "NotFound") throw error;
    findings.push({ key: blobKey(ref.sha256), problem: `${(error as Error).message} (a ${what})` });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return null;
}

async function verifyCopy({ store, findings, options }: Walk, key: string, ref: BlobRef): Promise<void> {
  const found = await store.get(key, { signal: options.signal });
  if (found === null) findings.push({ key, problem: "is missing (a copy for people; the blob counts)" });
  else if (sha256Hex(found.body) !== ref.sha256) findings.push({ key, problem: `differs from ${blobKey(ref.sha256)}, which the log vouches for` });
}

function verifyManifest(walk: Walk, version: Extract<Commit["operation"], { kind: "register" }>, bytes: Uint8Array): Manifest | null {
  const key = blobKey(version.manifest.sha256);
  const parsed = manifestSchema.safeParse(parseOrNull(bytes));
  if (!parsed.success) {
    walk.findings.push({ key, problem: `is not a manifest: ${parsed.error.issues[0]?.message}` });
    return null;
  }
  const manifest = parsed.data;
  const said = { model: manifest.model, v: manifest.v, file: manifest.file.sha256, evaluation: manifest.evaluation.sha256 };
  const logged = { model: walk.model, v: version.v, file: version.model.sha256, evaluation: version.evaluation.sha256 };
  for (const field of ["model", "v", "file", "evaluation"] as const) {
    if (said[field] !== logged[field]) walk.findings.push({ key, problem: `names ${field} ${said[field]}, and the log ${logged[field]}` });
  }
  const problem = signatureProblem(manifest, walk.options.trusted);
  if (problem !== null) walk.findings.push({ key, problem: `(manifest of version ${version.v}) ${problem}` });
  return manifest;
}

async function verifyFold(walk: Walk, n: number): Promise<void> {
  const key = foldKey(walk.model, n);
  const found = await walk.store.get(key, { signal: walk.options.signal });
  if (found === null || walk.summaries.length !== n) return;
  walk.objects++;
  if (Buffer.compare(found.body, foldBytes(walk.summaries, n)) !== 0) walk.findings.push({ key, problem: "differs from the entries it was made of; delete it, it is made again" });
}

/** Nothing may lie beyond the last entry, and the head may not name an entry that is not there. */
async function verifyEnd(walk: Walk, last: number): Promise<void> {
  const { store, model, findings, options: { signal } } = walk;
  for await (const { key } of store.list(logPrefix(model), { startAfter: entryKey(model, last), signal })) {
    findings.push({ key, problem: `lies beyond entry ${last}: the entry after that one is missing` });
  }
  const found = await store.get(headKey(model), { signal });
  if (found === null) return;
  const head = logHead.safeParse(parseOrNull(found.body));
  if (!head.success) findings.push({ key: headKey(model), problem: "cannot be read; delete it, it is made again" });
  else if (head.data.n > last) findings.push({ key: headKey(model), problem: `names entry ${head.data.n}, and the log ends at ${last}` });
  else if (walk.summaries.find((summary) => summary.n === head.data.n)?.hash !== head.data.hash) {
    findings.push({ key: entryKey(model, head.data.n), problem: `is not the entry that ${headKey(model)} names (${head.data.hash})` });
  }
}
