// schemas/failures.ts
var failureTypes = {
  InvalidInput: { retryable: false, exitCode: 1 },
  InvalidDefinition: { retryable: false, exitCode: 1 },
  InvalidSql: { retryable: false, exitCode: 1 },
  SqlLimit: { retryable: false, exitCode: 1 },
  DataHeld: { retryable: false, exitCode: 1 },
  DataRefused: { retryable: false, exitCode: 3 },
  TrainerFailed: { retryable: false, exitCode: 1 },
  TrainerOutput: { retryable: false, exitCode: 1 },
  JobLost: { retryable: true, exitCode: 1 },
  ModelRefused: { retryable: false, exitCode: 1 },
  InferenceLimit: { retryable: false, exitCode: 1 },
  InferenceFailed: { retryable: true, exitCode: 1 },
  GateFailed: { retryable: false, exitCode: 3 },
  NotApproved: { retryable: false, exitCode: 4 },
  StaleApproval: { retryable: false, exitCode: 4 },
  Superseded: { retryable: false, exitCode: 1 },
  NotFound: { retryable: false, exitCode: 1 },
  Corrupt: { retryable: false, exitCode: 1 },
  StoreUnavailable: { retryable: true, exitCode: 5 },
  StoreRefused: { retryable: false, exitCode: 5 },
  TemporalUnavailable: { retryable: true, exitCode: 5 },
  SetupIncomplete: { retryable: false, exitCode: 1 },
  Usage: { retryable: false, exitCode: 2 }
};
var RelearnError = class extends Error {
  name = "RelearnError";
  type;
  constructor(type, message, options) {
    super(message, options);
    this.type = type;
  }
};
function failureTypeOf(error) {
  const type = error?.type;
  return typeof type === "string" && type in failureTypes ? type : null;
}

// stores/canonical.ts
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
function canonicalBytes(value) {
  try {
    return new TextEncoder().encode(canonicalize(value) ?? "null");
  } catch (error) {
    throw new RelearnError("InvalidInput", `a value that JSON cannot say cannot be stored: ${error.message}`, { cause: error });
  }
}
function sha256Hex(bytes2) {
  return createHash("sha256").update(bytes2).digest("hex");
}

// stores/blobs.ts
var blobKey = (hex) => `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
async function putBlob(store, bytes2, signal) {
  const sha2562 = sha256Hex(bytes2);
  const ref = { sha256: sha2562, bytes: bytes2.byteLength };
  const { outcome } = await store.put(blobKey(sha2562), bytes2, { ifNoneMatch: "*", signal });
  if (outcome !== "stored") await checkStored(store, ref, signal);
  return ref;
}
async function checkStored(store, ref, signal) {
  const found = await store.head(blobKey(ref.sha256), { signal });
  if (found === null) throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${blobKey(ref.sha256)} was said to exist, and does not; try again`);
  if (found.bytes !== ref.bytes) throw new RelearnError("Corrupt", `s3://${store.bucket}/${blobKey(ref.sha256)} has ${found.bytes} bytes where ${ref.bytes} were to be stored`);
}
async function putJsonBlob(store, value, signal) {
  return putBlob(store, canonicalBytes(value), signal);
}
async function getBlob(store, ref, signal) {
  const found = await store.get(blobKey(ref.sha256), { signal });
  if (found === null) throw missing(store, ref);
  const actual = sha256Hex(found.body);
  if (actual !== ref.sha256) throw corrupt(store, ref, actual);
  return found.body;
}
function missing(store, ref) {
  return new RelearnError("NotFound", `s3://${store.bucket}/${blobKey(ref.sha256)} does not exist (${ref.bytes} bytes were stored there)`);
}
function corrupt(store, ref, actual) {
  return new RelearnError("Corrupt", `s3://${store.bucket}/${blobKey(ref.sha256)} holds other bytes than its name says: their SHA-256 is ${actual}`);
}

// stores/commit-rules.ts
var commitRules = {
  /** The entry of an earlier try of the same step, by any process. */
  findMine: (summaries, txn) => summaries.findLast((summary) => summary.txn === txn),
  afterPut: (report) => report === "stored" ? "done" : report === "conflict" ? "again" : "look",
  /** @param found the entry that holds the number now. `taken`: somebody else's; go on at the next number. */
  afterLook: (found, txn) => found === null ? "again" : found.txn === txn ? "done" : "taken",
  /** Whether the champion is still the one the writer took for granted. */
  expectedHolds: (expected2, state) => expected2 === null || isSameChampion(expected2.champion, replacedBy(state.champion))
};
function replacedBy(champion2) {
  return champion2 === null ? null : { version: champion2.v, digest: champion2.model.sha256 };
}
function isSameChampion(a, b) {
  return a?.version === b?.version && a?.digest === b?.digest;
}
var nobodyServes = { champion: null, previous: [] };

// stores/memory-object-store.ts
import { createHash as createHash2 } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";

// stores/whole-file.ts
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
async function writeWhole(path, body, signal) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await pipeline(body, createWriteStream(temporary, { flags: "wx", flush: true }), { signal });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

// stores/memory-object-store.ts
function createMemoryBucket(bucket = "memory", now = () => /* @__PURE__ */ new Date()) {
  const objects = /* @__PURE__ */ new Map();
  return { connect: (faults = {}) => connect(bucket, objects, faults, now), objects };
}
function connect(bucket, objects, faults, now) {
  const call = async (operation2, key, signal, apply) => {
    signal?.throwIfAborted();
    await faults.before?.(operation2, key);
    signal?.throwIfAborted();
    const result = apply();
    await faults.after?.(operation2, key);
    signal?.throwIfAborted();
    return result;
  };
  const read = (key) => {
    const held = objects.get(key);
    return held === void 0 ? null : { body: held.body.slice(), etag: held.etag };
  };
  const write2 = (key, body, options) => {
    const held = objects.get(key);
    if (options.ifNoneMatch === "*" && held !== void 0) return { outcome: "exists" };
    if (options.ifMatch !== void 0 && held?.etag !== options.ifMatch) return { outcome: "exists" };
    const etag = `"${createHash2("md5").update(body).digest("hex")}"`;
    objects.set(key, { body: body.slice(), etag, modifiedAt: now().toISOString() });
    return { outcome: "stored", etag };
  };
  return {
    bucket,
    get: (key, options) => call("get", key, options?.signal, () => read(key)),
    getIfChanged: (key, etag, options) => call("get", key, options?.signal, () => {
      const found = read(key);
      return found?.etag === etag ? "unchanged" : found;
    }),
    head: (key, options) => call("head", key, options?.signal, () => describe(objects, key)),
    put: (key, body, options = {}) => call("put", key, options.signal, () => write2(key, body, options)),
    async *list(prefix, options = {}) {
      const found = await call("list", prefix, options.signal, () => listKeys(objects, prefix, options.startAfter));
      for (const object of (faults.listed?.(found) ?? found).slice(0, options.limit)) {
        options.signal?.throwIfAborted();
        yield object;
      }
    },
    async download(key, path, options) {
      const found = await call("get", key, options?.signal, () => ({ object: read(key), info: describe(objects, key) }));
      if (found.object === null) return null;
      await writeWhole(path, Readable.from([found.object.body]), options?.signal);
      return found.info;
    },
    async upload(key, path, options = {}) {
      const body = await readFile(path, { signal: options.signal });
      return call("put", key, options.signal, () => write2(key, body, options));
    }
  };
}
function describe(objects, key) {
  const held = objects.get(key);
  return held === void 0 ? null : { key, bytes: held.body.byteLength, etag: held.etag, modifiedAt: held.modifiedAt };
}
function listKeys(objects, prefix, startAfter) {
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).map((key) => ({ key, bytes: Buffer.from(key) }));
  keys.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const after = startAfter === void 0 ? keys : keys.filter(({ bytes: bytes2 }) => Buffer.compare(bytes2, Buffer.from(startAfter)) > 0);
  return after.map(({ key }) => describe(objects, key));
}

// stores/approval-digest.ts
function approvalDigest({ run, model: model2, evaluation, champion: champion2 }) {
  return sha256Hex(canonicalBytes({ run, model: model2, evaluation, champion: champion2 }));
}

// stores/approval-rules.ts
function lastDecision(summaries, v) {
  return summaries.findLast((summary) => summary.kind === "decision" && summary.v === v && summary.decision !== "refused");
}
function checkApproval(v, model2, entry, summaries, today) {
  const { operation: operation2 } = entry;
  if (operation2.kind !== "decision" || operation2.v !== v) throw new RelearnError("Corrupt", `entry ${entry.n} is not a decision about version ${v}`);
  if (operation2.decision !== "approved") throw new RelearnError("NotApproved", `version ${v} was ${operation2.decision} in entry ${entry.n}`);
  if (operation2.subject.model !== model2 || approvalDigest(operation2.subject) !== operation2.digest) {
    throw new RelearnError("Corrupt", `the approval in entry ${entry.n} names digest ${operation2.digest}, which is not that of version ${v}`);
  }
  const used = summaries.find((summary) => summary.kind === "promote" && summary.v === v && summary.n > entry.n);
  if (used !== void 0) throw new RelearnError("StaleApproval", `the approval of version ${v} (entry ${entry.n}) was used by entry ${used.n}; evaluate and ask again`);
  if (isSameChampion(operation2.subject.champion, replacedBy(today.champion))) return;
  const was = operation2.subject.champion === null ? "no champion" : `version ${operation2.subject.champion.version}`;
  const is = today.champion === null ? "there is none" : `it is version ${today.champion.v}${whoWon(summaries)}`;
  throw new RelearnError("StaleApproval", `version ${v} was approved against ${was} (entry ${entry.n}), and now ${is}; evaluate and ask again`);
}
function whoWon(summaries) {
  const change = summaries.findLast((summary) => summary.kind === "promote" || summary.kind === "rollback");
  return change === void 0 ? "" : ` since ${change.at} (entry ${change.n})`;
}
function promoted(state, next) {
  return { champion: next, previous: [...state.champion === null ? [] : [state.champion], ...state.previous].slice(0, 10) };
}
function rolledBack(state, to) {
  const index = state.previous.findIndex((former) => former.v === to.v);
  return { champion: to, previous: index === -1 ? state.previous : state.previous.slice(index + 1) };
}

// stores/commit-log.ts
import { setTimeout as wait } from "node:timers/promises";

// schemas/boundary.ts
import "zod";
function readAs(schema, value, what) {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${describeIssue(issue)}`);
  throw new RelearnError("InvalidInput", `${what} is not valid:
${lines.join("\n")}`);
}
function readJson(schema, text, what) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RelearnError("InvalidInput", `${what} is not JSON: ${error.message}`, { cause: error });
  }
  return readAs(schema, value, what);
}
function describeIssue(issue) {
  const at = issue.path.length === 0 ? "the value" : issue.path.map(String).join(".");
  const found = issue.input === void 0 ? "" : `, found ${clip(JSON.stringify(issue.input) ?? String(issue.input))}`;
  return `${at}: ${issue.message}${found}`;
}
function clip(text) {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

// schemas/commit.ts
import { z as z5 } from "zod";

// schemas/approval.ts
import { z as z3 } from "zod";

// schemas/time.ts
import { z as z2 } from "zod";
var instant = z2.iso.datetime({ message: "must be a UTC instant such as 2013-03-01T00:00:00Z" });
var duration = z2.string().regex(/^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/, "must be an ISO 8601 duration such as P7D or PT12H");
var window = z2.strictObject({ from: instant, to: instant }).readonly();
var runWindows = z2.strictObject({ train: window, holdout: window }).readonly();
var timezone = z2.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, "must be an IANA time zone such as Europe/Berlin");

// schemas/approval.ts
var answer = z3.strictObject({
  by: z3.string().min(1).max(120),
  digest: z3.string().regex(/^[0-9a-f]{12,64}$/, "must be at least 12 hex digits of the digest that the run shows"),
  comment: z3.string().max(2e3).default("")
});
var recordedAnswer = z3.strictObject({
  by: z3.string(),
  claimed: z3.boolean(),
  decision: z3.enum(["approve", "reject"]),
  digest: z3.string(),
  comment: z3.string(),
  at: instant,
  /** Why it did not count; null where it did. */
  refused: z3.string().nullable()
}).readonly();
var question = z3.strictObject({
  digest: z3.string(),
  v: z3.int(),
  required: z3.int(),
  approvers: z3.array(z3.string()).nullable(),
  askedAt: instant,
  expiresAt: instant
}).readonly();

// schemas/names.ts
import { z as z4 } from "zod";
var name = z4.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be 1 to 63 lower-case letters, digits or hyphens, not starting with a hyphen");
var identifier = z4.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "must be a plain identifier: letters, digits and _, at most 63");
var title = z4.string().min(1).max(120);
var sha256 = z4.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hex");
var blobRef = z4.strictObject({ sha256, bytes: z4.int().min(0) }).readonly();

// schemas/commit.ts
var versionNumber = z5.int().min(1);
var actor = z5.strictObject({ kind: z5.enum(["workflow", "person", "system"]), name: z5.string().min(1).max(200), claimed: z5.boolean() }).readonly();
var champion = z5.strictObject({ v: versionNumber, model: blobRef, manifest: blobRef }).readonly();
var servingState = z5.strictObject({ champion: champion.nullable(), previous: z5.array(champion).max(10).readonly() }).readonly();
var replaced = z5.strictObject({ version: versionNumber, digest: sha256 }).readonly();
var approvalSubject = z5.strictObject({ run: z5.string().min(1), model: sha256, evaluation: sha256, champion: replaced.nullable() }).readonly();
var decision = z5.enum(["approved", "rejected", "refused", "expired"]);
var operation = z5.discriminatedUnion("kind", [
  z5.strictObject({ kind: z5.literal("register"), v: versionNumber, model: blobRef, manifest: blobRef, evaluation: blobRef, card: blobRef, run: z5.string().min(1) }),
  z5.strictObject({ kind: z5.literal("decision"), v: versionNumber, digest: sha256, subject: approvalSubject, decision, answers: z5.array(recordedAnswer).max(200) }),
  z5.strictObject({ kind: z5.literal("promote"), v: versionNumber, from: versionNumber.nullable(), run: z5.string().min(1) }),
  z5.strictObject({ kind: z5.literal("rollback"), v: versionNumber, from: versionNumber, reason: z5.string().max(4e3) })
]);
var expected = z5.strictObject({ champion: replaced.nullable() }).readonly();
var commit = z5.strictObject({
  version: z5.literal(1),
  n: z5.int().min(1),
  /** The same on every retry of one step of one workflow; at most one entry of a log has it. */
  txn: z5.string().min(1).max(400),
  previousHash: sha256.nullable(),
  /** Never before the previous entry's. */
  at: instant,
  actor,
  operation,
  expected: expected.nullable(),
  state: servingState,
  /** Highest version registered so far. */
  versions: z5.int().min(0),
  /** Of a promotion: the decision entry that allowed it. */
  approval: z5.strictObject({ n: z5.int().min(1), digest: sha256 }).readonly().nullable(),
  /** Every object this entry vouches for, by what it is. */
  digests: z5.record(z5.string(), sha256)
}).readonly();
var commitSummary = z5.strictObject({
  n: z5.int().min(1),
  txn: z5.string(),
  hash: sha256,
  at: instant,
  kind: z5.enum(["register", "decision", "promote", "rollback"]),
  v: versionNumber,
  /** Version that serves after the entry. */
  champion: versionNumber.nullable(),
  decision: decision.nullable(),
  /** Of a decision, its approval digest. */
  digest: sha256.nullable()
}).readonly();
var commitFold = z5.strictObject({
  version: z5.literal(1),
  n: z5.int().min(1),
  entries: z5.array(commitSummary),
  earlier: z5.array(z5.strictObject({ n: z5.int().min(1), at: instant, hash: sha256 }).readonly())
}).readonly();
var logHead = z5.strictObject({ version: z5.literal(1), n: z5.int().min(1), hash: sha256 }).readonly();

// stores/log-entries.ts
var foldEvery = 256;
var digits = (n) => String(n).padStart(20, "0");
var logPrefix = (model2) => `models/${model2}/log/`;
var entryKey = (model2, n) => `${logPrefix(model2)}${digits(n)}.json`;
var foldKey = (model2, n) => `models/${model2}/folds/${digits(n)}.json`;
var headKey = (model2) => `models/${model2}/head.json`;
async function readEntry(store, model2, n, signal) {
  const key = entryKey(model2, n);
  const found = await store.get(key, { signal });
  if (found === null) return null;
  const hash = sha256Hex(found.body);
  const entry = parsedBefore.get(hash) ?? remember(hash, parseEntry(found.body, `s3://${store.bucket}/${key}`));
  if (entry.n !== n) throw new RelearnError("Corrupt", `s3://${store.bucket}/${key} says it is entry ${entry.n}`);
  return { entry, hash };
}
var parsedBefore = /* @__PURE__ */ new Map();
function remember(hash, entry) {
  parsedBefore.set(hash, entry);
  if (parsedBefore.size > 512) parsedBefore.delete(parsedBefore.keys().next().value);
  return entry;
}
function parseEntry(body, what) {
  try {
    return readJson(commit, new TextDecoder("utf-8", { fatal: true }).decode(body), what);
  } catch (error) {
    throw new RelearnError("Corrupt", `${what} is not a log entry; run \`relearn verify\`: ${error.message}`, { cause: error });
  }
}
async function readFold(store, model2, n, signal) {
  const found = await store.get(foldKey(model2, n), { signal });
  if (found === null) return null;
  try {
    const fold = readJson(commitFold, new TextDecoder().decode(found.body), foldKey(model2, n));
    return fold.n === n && fold.entries.length === foldEvery && fold.entries.every((summary, i) => summary.n === n - foldEvery + 1 + i) ? fold : null;
  } catch {
    return null;
  }
}
async function readHead(store, model2, signal) {
  const found = await store.get(headKey(model2), { signal });
  if (found === null) return 0;
  try {
    return readJson(logHead, new TextDecoder().decode(found.body), headKey(model2)).n;
  } catch {
    return 0;
  }
}
function summarize({ entry, hash }) {
  const { operation: operation2 } = entry;
  return {
    n: entry.n,
    txn: entry.txn,
    hash,
    at: entry.at,
    kind: operation2.kind,
    v: operation2.v,
    champion: entry.state.champion?.v ?? null,
    decision: operation2.kind === "decision" ? operation2.decision : null,
    digest: operation2.kind === "decision" ? operation2.digest : null
  };
}
function foldBytes(summaries, n) {
  const ends = Array.from({ length: n / foldEvery - 1 }, (_, i) => summaries[(i + 1) * foldEvery - 1]);
  const fold = { version: 1, n, entries: summaries.slice(n - foldEvery, n), earlier: ends.map(({ n: n2, at, hash }) => ({ n: n2, at, hash })) };
  return canonicalBytes(fold);
}

// stores/parallel.ts
async function inParallel(items, width, run) {
  const results = new Array(items.length);
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (!failed && next < items.length) {
      const index = next++;
      results[index] = await run(items[index], index).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}

// stores/log-reader.ts
var recentEntries = 128;
var readers = /* @__PURE__ */ new WeakMap();
function openLogReader(store, model2) {
  const ofStore = readers.get(store) ?? /* @__PURE__ */ new Map();
  readers.set(store, ofStore);
  const reader = ofStore.get(model2) ?? createLogReader(store, model2);
  ofStore.set(model2, reader);
  return reader;
}
function createLogReader(store, model2) {
  let newest = null;
  const known = [];
  const missingFolds = /* @__PURE__ */ new Set();
  const recent = /* @__PURE__ */ new Map();
  const read = async (n, signal) => {
    const held = recent.get(n);
    return held ?? keep(await readEntry(store, model2, n, signal));
  };
  const keep = (logged) => {
    if (logged === null) return null;
    recent.set(logged.entry.n, logged);
    if (recent.size > recentEntries) recent.delete(recent.keys().next().value);
    return logged;
  };
  const remember2 = (logged) => {
    const n = logged.entry.n;
    if (n === known.length + 1) known.push(summarize(linked(store.bucket, model2, known.at(-1)?.hash ?? null, logged)));
    advance(keep(logged));
  };
  const advance = (logged) => {
    if (logged !== null && (newest === null || logged.entry.n > newest.entry.n)) newest = logged;
    return newest;
  };
  const tip = async (signal) => {
    const start = newest ?? await readHint(signal);
    const next = await read((start?.entry.n ?? 0) + 1, signal);
    if (next === null) return advance(start);
    linked(store.bucket, model2, start?.hash ?? null, next);
    const end = await findEnd(next.entry.n, async (n) => await store.head(entryKey(model2, n), { signal }) !== null);
    return advance(end === next.entry.n ? next : await read(end, signal));
  };
  const readHint = async (signal) => {
    const n = await readHead(store, model2, signal);
    return n === 0 ? null : read(n, signal);
  };
  const extend = (batch) => {
    for (const logged of batch) {
      if (logged === null) throw new RelearnError("Corrupt", `entry ${known.length + 1} of the log of ${model2} is missing from s3://${store.bucket}; run \`relearn verify\``);
      if (logged.entry.n === known.length + 1) known.push(summarize(linked(store.bucket, model2, known.at(-1)?.hash ?? null, logged)));
    }
  };
  const summaries = async (signal) => {
    const end = (await tip(signal))?.entry.n ?? 0;
    if (end === known.length) return known;
    const ends = foldEnds(known.length, end);
    const folds = await inParallel(ends, 8, (n) => readFold(store, model2, n, signal));
    for (const [i, n] of ends.entries()) {
      const fold = folds[i] ?? null;
      if (fold === null || known.length !== n - foldEvery) missingFolds.add(n);
      else known.push(...fold.entries);
      if (known.length < n) extend(await readRange(known.length + 1, n, signal));
    }
    extend(await readRange(known.length + 1, end, signal));
    return known;
  };
  const readRange = (from, to, signal) => inParallel(Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i), 16, (n) => read(n, signal));
  const at = async (instant2, signal) => {
    const time = new Date(instant2).toISOString();
    const last = await tip(signal);
    if (last === null || last.entry.at <= time) return last;
    const range = await narrowByFolds(last.entry.n, time, (n2) => readFold(store, model2, n2, signal));
    const n = await lastNotAfter(range, async (n2) => ((await read(n2, signal))?.entry.at ?? "") <= time);
    return n === 0 ? null : read(n, signal);
  };
  return { tip, entry: read, at, summaries, missingFolds, remember: remember2 };
}
function linked(bucket, model2, previousHash, logged) {
  if (logged.entry.previousHash === previousHash) return logged;
  const key = `s3://${bucket}/${entryKey(model2, logged.entry.n)}`;
  throw new RelearnError("Corrupt", `${key} follows an entry with hash ${logged.entry.previousHash}, but the one before it has ${previousHash}; run \`relearn verify\``);
}
function foldEnds(have, end) {
  const first = Math.floor(have / foldEvery) + 1;
  return Array.from({ length: Math.max(0, Math.floor(end / foldEvery) - first + 1) }, (_, i) => (first + i) * foldEvery);
}
async function findEnd(from, exists) {
  let step = 1;
  while (await exists(from + step)) step *= 2;
  return lastNotAfter({ low: from + Math.floor(step / 2), high: from + step }, exists);
}
async function lastNotAfter({ low, high }, isNotAfter) {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isNotAfter(middle)) low = middle;
    else high = middle;
  }
  return low;
}
async function narrowByFolds(end, time, fold) {
  const lastEnd = Math.floor(end / foldEvery) * foldEvery;
  const last = lastEnd === 0 ? null : await fold(lastEnd);
  if (last === null) return { low: 0, high: end };
  const ends = [...last.earlier, { n: last.n, at: last.entries.at(-1).at }];
  const low = ends.findLast((e2) => e2.at <= time)?.n ?? 0;
  if (low === last.n) return { low, high: end };
  const holder = low + foldEvery === last.n ? last : await fold(low + foldEvery);
  if (holder === null) return { low, high: low + foldEvery };
  const inForce = holder.entries.findLast((e2) => e2.at <= time)?.n ?? low;
  return { low: inForce, high: inForce + 1 };
}

// stores/commit-log.ts
function openCommitLog(store, model2, options = {}) {
  const reader = openLogReader(store, model2);
  const context = {
    store,
    model: model2,
    reader,
    now: options.now ?? (() => /* @__PURE__ */ new Date()),
    sleep: options.sleep ?? (async (ms, signal) => wait(ms, void 0, { signal })),
    attempts: options.attempts ?? 12,
    rules: options.rules ?? commitRules
  };
  return {
    model: model2,
    tip: reader.tip,
    entry: reader.entry,
    at: reader.at,
    summaries: reader.summaries,
    history: (range = {}) => history(reader, range),
    follow: (range) => follow(context, range),
    append: (request) => append(context, request)
  };
}
async function append(context, request) {
  for (; ; ) {
    request.signal?.throwIfAborted();
    const summaries = await context.reader.summaries(request.signal);
    const tip = await entryOf(context, summaries.at(-1), request.signal);
    const mine = context.rules.findMine(summaries, request.txn);
    if (mine !== void 0) return { ...await entryOf(context, mine, request.signal), repeated: true };
    await refuseSuperseded(context, request, { tip, summaries });
    const draft = await request.plan({ tip, summaries });
    const bytes2 = canonicalBytes(makeEntry(context, request, tip, draft));
    const written = await write(context, (tip?.entry.n ?? 0) + 1, bytes2, request);
    if (written === null) continue;
    context.reader.remember(written);
    await leaveHints(context, written);
    return { ...written, repeated: false };
  }
}
async function entryOf(context, summary, signal) {
  if (summary === void 0) return null;
  const newest = await context.reader.entry(summary.n, signal);
  if (newest?.hash === summary.hash) return newest;
  throw new RelearnError("Corrupt", `entry ${summary.n} of the log of ${context.model} is not the one it was; run \`relearn verify\``);
}
function makeEntry({ now }, request, tip, draft) {
  const at = now().toISOString();
  const { txn, actor: actor3, expected: expected2 } = request;
  const previousAt = tip?.entry.at ?? at;
  return { version: 1, n: (tip?.entry.n ?? 0) + 1, txn, previousHash: tip?.hash ?? null, at: at < previousAt ? previousAt : at, actor: actor3, expected: expected2, ...draft };
}
async function write(context, n, body, { txn, signal }) {
  const { store, model: model2, rules: rules2 } = context;
  for (let attempt = 1; attempt <= context.attempts; attempt++) {
    if (attempt > 1) await context.sleep(Math.min(2e3, 10 * 2 ** attempt) * (0.5 + Math.random() / 2), signal);
    const next = rules2.afterPut(await putOnce(store, entryKey(model2, n), body, signal));
    if (next === "done") return { entry: JSON.parse(new TextDecoder().decode(body)), hash: sha256Hex(body) };
    if (next === "again") continue;
    const found = await readEntry(store, model2, n, signal);
    const verdict = rules2.afterLook(found?.entry ?? null, txn);
    if (verdict === "done") return found;
    if (verdict === "taken") return null;
  }
  throw new RelearnError("StoreUnavailable", `could not learn whether entry ${n} of the log of ${model2} was written to s3://${store.bucket}; repeat the step, it is written at most once`);
}
async function putOnce(store, key, body, signal) {
  try {
    return (await store.put(key, body, { ifNoneMatch: "*", once: true, contentType: "application/json", signal })).outcome;
  } catch (error) {
    if (failureTypeOf(error) === "StoreUnavailable") return "unknown";
    throw error;
  }
}
async function refuseSuperseded(context, { expected: expected2, signal }, { tip, summaries }) {
  if (context.rules.expectedHolds(expected2, tip?.entry.state ?? nobodyServes)) return;
  throw new RelearnError("Superseded", await describeWinner(context, summaries, expected2, signal));
}
async function describeWinner(context, summaries, expected2, signal) {
  const change = summaries.findLast((summary) => summary.kind === "promote" || summary.kind === "rollback");
  const wanted = expected2?.champion == null ? "no champion" : `version ${expected2.champion.version} as champion`;
  if (change === void 0) return `${context.model} has no champion, and this step expected ${wanted}`;
  const { entry } = await entryOf(context, change, signal);
  const verb = entry.operation.kind === "promote" ? "promoted" : "rolled back to";
  return `version ${change.v} of ${context.model} was ${verb} by ${entry.actor.name} at ${entry.at} (entry ${entry.n}); this step expected ${wanted}`;
}
async function leaveHints({ store, model: model2, reader }, { entry: { n }, hash }) {
  try {
    if (n % foldEvery === 0) reader.missingFolds.add(n);
    if (reader.missingFolds.size > 0) {
      const summaries = await reader.summaries();
      for (const end of reader.missingFolds) await store.put(foldKey(model2, end), foldBytes(summaries, end), { ifNoneMatch: "*", contentType: "application/json" });
      reader.missingFolds.clear();
    }
    await store.put(headKey(model2), canonicalBytes({ version: 1, n, hash }), { once: true, contentType: "application/json" });
  } catch (error) {
    if (failureTypeOf(error) === null) throw error;
  }
}
async function* history(reader, { before, signal }) {
  let high = Math.min(before ?? Infinity, ((await reader.tip(signal))?.entry.n ?? 0) + 1) - 1;
  for (; high > 0; high -= 16) {
    const numbers = Array.from({ length: Math.min(16, high) }, (_, i) => high - i);
    for (const logged of await inParallel(numbers, 8, (n) => reader.entry(n, signal))) if (logged !== null) yield logged;
  }
}
async function* follow({ reader, sleep }, { after, everyMs = 1e3, signal }) {
  for (let n = after + 1; !signal.aborted; ) {
    const logged = await reader.entry(n, signal).catch((error) => {
      if (signal.aborted || failureTypeOf(error) === "StoreUnavailable") return null;
      throw error;
    });
    if (logged === null) await sleep(everyMs, signal).catch(() => void 0);
    else {
      n++;
      yield logged;
    }
  }
}

// stores/versions.ts
async function findVersion(log, v, signal) {
  const summaries = await log.summaries(signal);
  const n = summaries.find((summary) => summary.kind === "register" && summary.v === v)?.n;
  return n === void 0 ? null : describeVersion({ tip: await log.tip(signal), summaries }, await entryAt(log, n, signal));
}
async function listVersions(log, signal) {
  const summaries = await log.summaries(signal);
  const view = { tip: await log.tip(signal), summaries };
  const numbers = summaries.filter((summary) => summary.kind === "register").map((summary) => summary.n);
  return inParallel(numbers, 16, async (n) => describeVersion(view, await entryAt(log, n, signal)));
}
function describeVersion(view, { entry }) {
  const { operation: operation2 } = entry;
  if (operation2.kind !== "register") throw new RelearnError("Corrupt", `entry ${entry.n} should register a version`);
  const { v, run, model: model2, manifest, evaluation, card } = operation2;
  return { v, status: statusOf(view, v), registeredAt: entry.at, run, model: model2, manifest, evaluation, card };
}
function statusOf({ tip, summaries }, v) {
  if (tip?.entry.state.champion?.v === v) return "champion";
  const decided = lastDecision(summaries, v);
  const served = summaries.findLast((summary) => summary.champion === v);
  if (served !== void 0 && served.n > (decided?.n ?? 0)) return "former";
  return decided === void 0 ? "registered" : decided.decision;
}
async function entryAt(log, n, signal) {
  const found = await log.entry(n, signal);
  if (found === null) throw new RelearnError("Corrupt", `entry ${n} of the log of ${log.model} is missing; run \`relearn verify\``);
  return found;
}

// stores/registry.ts
function openRegistry(store, model2, options = {}) {
  const log = openCommitLog(store, model2, options);
  const check = options.checkApproval ?? checkApproval;
  return {
    model: model2,
    log,
    champion: async (signal) => (await log.tip(signal))?.entry.state.champion ?? null,
    at: log.at,
    history: log.history,
    version: (v, signal) => findVersion(log, v, signal),
    list: (signal) => listVersions(log, signal),
    register: (request) => register(store, log, request),
    recordDecision: (request) => recordDecision(log, request),
    promote: (request) => promote(log, check, request),
    rollback: (request) => rollback(log, request)
  };
}
async function register(store, log, request) {
  const { model: model2, evaluation, run } = request;
  const appended = await log.append({
    ...request,
    expected: null,
    plan: async (view) => {
      const v = versionsOf(view) + 1;
      const described = await request.describe(v);
      const [manifest, card] = await Promise.all([putJsonBlob(store, described.manifest, request.signal), putBlob(store, new TextEncoder().encode(described.card), request.signal)]);
      const digests = { model: model2.sha256, manifest: manifest.sha256, evaluation: evaluation.sha256, card: card.sha256 };
      return { operation: { kind: "register", v, model: model2, manifest, evaluation, card, run }, state: stateOf(view), versions: v, approval: null, digests };
    }
  });
  const { operation: operation2 } = appended.entry;
  if (operation2.kind !== "register") throw reused(request.txn, appended.entry);
  await copyForPeople(store, log.model, operation2, request.signal);
  return { ...appended, v: operation2.v };
}
async function copyForPeople(store, model2, operation2, signal) {
  const files = [["manifest.json", operation2.manifest, "application/json"], ["evaluation.json", operation2.evaluation, "application/json"], ["card.md", operation2.card, "text/markdown"]];
  await inParallel(files, 3, async ([name2, ref, contentType]) => store.put(versionKey(model2, operation2.v, name2), await getBlob(store, ref, signal), { ifNoneMatch: "*", contentType, signal }));
}
var versionKey = (model2, v, name2) => `models/${model2}/versions/${v}/${name2}`;
async function recordDecision(log, { v, run, evaluation, champion: champion2, decision: decision2, answers, ...step }) {
  return expectKind("decision", step.txn, await log.append({
    ...step,
    expected: decision2 === "approved" ? { champion: champion2 } : null,
    plan: async (view) => {
      const subject = { run, model: (await registered(log, view, v)).model.sha256, evaluation, champion: champion2 };
      const digest = approvalDigest(subject);
      return { operation: { kind: "decision", v, digest, subject, decision: decision2, answers: [...answers] }, state: stateOf(view), versions: versionsOf(view), approval: null, digests: { approval: digest, model: subject.model, evaluation } };
    }
  }));
}
async function promote(log, check, { v, run, ...step }) {
  return expectKind("promote", step.txn, await log.append({
    ...step,
    expected: null,
    plan: async (view) => {
      const { model: model2, manifest } = await registered(log, view, v);
      const found = lastDecision(view.summaries, v);
      if (found === void 0) throw new RelearnError("NotApproved", `version ${v} of ${log.model} has no decision yet; approve its run first`);
      const { entry } = await entryAt(log, found.n);
      const state = stateOf(view);
      check(v, model2.sha256, entry, view.summaries, state);
      return {
        operation: { kind: "promote", v, from: state.champion?.v ?? null, run },
        state: promoted(state, { v, model: model2, manifest }),
        versions: versionsOf(view),
        expected: { champion: replacedBy(state.champion) },
        approval: { n: entry.n, digest: found.digest },
        digests: { model: model2.sha256, manifest: manifest.sha256 }
      };
    }
  }));
}
async function rollback(log, { v, reason, expected: expected2, ...step }) {
  return expectKind("rollback", step.txn, await log.append({
    ...step,
    expected: expected2 ?? null,
    plan: async (view) => {
      const state = stateOf(view);
      if (state.champion === null) throw new RelearnError("NotFound", `${log.model} has no champion to roll back from`);
      const to = v === void 0 ? state.previous[0] : await formerChampion(log, view, v);
      if (to === void 0) throw new RelearnError("NotFound", `${log.model} has no champion before version ${state.champion.v}`);
      if (to.v === state.champion.v) throw new RelearnError("Superseded", `version ${to.v} of ${log.model} is the champion already`);
      return { operation: { kind: "rollback", v: to.v, from: state.champion.v, reason }, expected: { champion: replacedBy(state.champion) }, state: rolledBack(state, to), versions: versionsOf(view), approval: null, digests: { model: to.model.sha256, manifest: to.manifest.sha256 } };
    }
  }));
}
async function formerChampion(log, view, v) {
  if (!view.summaries.some((summary) => summary.champion === v)) throw new RelearnError("NotFound", `version ${v} of ${log.model} was never champion, so it cannot be rolled back to; promote it`);
  const { model: model2, manifest } = await registered(log, view, v);
  return { v, model: model2, manifest };
}
async function registered(log, view, v) {
  const found = view.summaries.find((summary) => summary.kind === "register" && summary.v === v);
  if (found === void 0) throw new RelearnError("NotFound", `${log.model} has no version ${v}; the highest is ${versionsOf(view)}`);
  const { operation: operation2 } = (await entryAt(log, found.n)).entry;
  if (operation2.kind !== "register") throw new RelearnError("Corrupt", `entry ${found.n} of ${log.model} should register version ${v}`);
  return operation2;
}
var stateOf = (view) => view.tip?.entry.state ?? nobodyServes;
var versionsOf = (view) => view.tip?.entry.versions ?? 0;
function expectKind(kind, txn, appended) {
  if (appended.entry.operation.kind !== kind) throw reused(txn, appended.entry);
  return appended;
}
function reused(txn, entry) {
  return new RelearnError("InvalidInput", `transaction ${txn} is the ${entry.operation.kind} of entry ${entry.n}; each step needs a transaction of its own`);
}

// test/support/seeded-random.ts
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let t2 = state;
    t2 = Math.imul(t2 ^ t2 >>> 15, t2 | 1);
    t2 ^= t2 + Math.imul(t2 ^ t2 >>> 7, t2 | 61);
    return ((t2 ^ t2 >>> 14) >>> 0) / 4294967296;
  };
}

// test/stores/simulation/check-history.ts
function checkHistory(bucket, model2, told, seen) {
  const problems = [];
  const log = readLog(bucket, model2, problems);
  checkTold(log, told, problems);
  replay(log, problems);
  for (const reader of seen) checkReader(reader, log, problems);
  return problems;
}
function readLog(bucket, model2, problems) {
  const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(`models/${model2}/log/`)).sort();
  let hash = null;
  let at = "";
  return keys.map((key, i) => {
    const body = bucket.objects.get(key).body;
    const entry = JSON.parse(new TextDecoder().decode(body));
    if (!key.endsWith(`/${String(i + 1).padStart(20, "0")}.json`) || entry.n !== i + 1) problems.push(`P1: entry ${i + 1} is ${key}, n ${entry.n}`);
    if (entry.previousHash !== hash) problems.push(`P1: entry ${i + 1} is not linked to the one before`);
    if (entry.at < at) problems.push(`P1: entry ${i + 1} goes back in time`);
    [hash, at] = [sha256Hex(body), entry.at];
    return entry;
  });
}
function checkTold(log, told, problems) {
  const numbers = /* @__PURE__ */ new Map();
  for (const { txn, n } of log) {
    const step = txn.replace(/#\d+$/, "");
    if (numbers.has(step)) problems.push(`P1: ${step} is entry ${numbers.get(step)} and entry ${n}`);
    numbers.set(step, n);
  }
  for (const { txn, n, refusal, zombie } of told) {
    if (n !== null && log[n - 1]?.txn.replace(/#\d+$/, "") !== txn) problems.push(`P1: ${txn} was acknowledged as entry ${n}, which is ${log[n - 1]?.txn}`);
    if (n === null && !zombie && numbers.has(txn)) problems.push(`P1: ${txn} was refused (${refusal}), and is entry ${numbers.get(txn)}`);
  }
}
function replay(log, problems) {
  const models = /* @__PURE__ */ new Map();
  const served = /* @__PURE__ */ new Set();
  const used = /* @__PURE__ */ new Set();
  let champion2 = null;
  for (const entry of log) {
    const { operation: op, n } = entry;
    const replaced2 = champion2 === null ? null : { version: champion2, digest: models.get(champion2) };
    if (entry.expected !== null && JSON.stringify(entry.expected.champion) !== JSON.stringify(sorted(replaced2))) problems.push(`P2: entry ${n} expected ${JSON.stringify(entry.expected)}, and version ${champion2} served`);
    if (op.kind === "register") {
      if (op.v !== models.size + 1) problems.push(`P1: entry ${n} registers version ${op.v} after ${models.size}`);
      models.set(op.v, op.model.sha256);
    }
    if (op.kind === "promote") {
      const approval = log[(entry.approval?.n ?? n) - 1];
      if (used.has(approval.n)) problems.push(`P3: the approval in entry ${approval.n} is used twice, by entry ${n} too`);
      used.add(approval.n);
      if (approval.n >= n || !allows(approval, op.v, models.get(op.v), replaced2)) problems.push(`P3: entry ${n} promotes version ${op.v} without an approval that counts`);
      champion2 = op.v;
    }
    if (op.kind === "rollback") {
      if (!served.has(op.v) || op.v === champion2) problems.push(`P2: entry ${n} rolls back from ${champion2} to ${op.v}`);
      champion2 = op.v;
    }
    if (champion2 !== null) served.add(champion2);
    if ((entry.state.champion?.v ?? null) !== champion2) problems.push(`P2: after entry ${n} version ${champion2} should serve, and ${entry.state.champion?.v ?? "none"} does`);
  }
}
var sorted = (replaced2) => replaced2 === null ? null : { digest: replaced2.digest, version: replaced2.version };
function allows({ operation: op }, v, model2, replaced2) {
  if (op.kind !== "decision" || op.v !== v || op.decision !== "approved" || op.subject.model !== model2) return false;
  return op.digest === approvalDigest({ ...op.subject, champion: replaced2 });
}
function checkReader(reader, log, problems) {
  let last = 0;
  for (const { n, champion: champion2 } of reader) {
    if (n < last) problems.push(`P5: a reader saw entry ${n} after entry ${last}`);
    if (n > 0 && (log[n - 1]?.state.champion?.v ?? null) !== champion2) problems.push(`P5: a reader saw version ${champion2} serve at entry ${n}`);
    last = n;
  }
}

// test/stores/simulation/faulty-client.ts
var Crash = class extends Error {
};
function faultyClient(bucket, scheduler, budget, becomeZombie) {
  const strikes = () => budget.left > 0 && scheduler.chance(budget.rate) && budget.left-- > 0;
  const real = bucket.connect();
  const unreachable = () => new RelearnError("StoreUnavailable", "simulated");
  const onTheWay = async () => {
    await scheduler.turn();
    if (!strikes()) return;
    const fate = scheduler.pick(["crash", "unreachable", "zombie"]);
    if (fate === "crash") throw new Crash();
    if (fate === "unreachable") throw unreachable();
    becomeZombie();
    for (let i = 0; i < 30; i++) await scheduler.turn();
  };
  const onTheWayBack = () => {
    if (!strikes()) return;
    throw scheduler.chance(0.5) ? unreachable() : new Crash();
  };
  const arriveLate = async (key, body, options) => {
    for (let i = scheduler.pick([1, 5, 20]); i > 0; i--) await scheduler.turn();
    await real.put(key, body, options);
  };
  const matters = (key) => key.includes("/log/") || key.includes("/head") || scheduler.chance(0.1);
  return {
    ...real,
    async get(key, options) {
      if (!matters(key) || scheduler.chance(0.5)) return real.get(key, options);
      await onTheWay();
      const found = await real.get(key, options);
      onTheWayBack();
      return found;
    },
    async put(key, body, options) {
      if (!matters(key)) return real.put(key, body, options);
      await onTheWay();
      if (strikes() && scheduler.chance(0.3)) {
        void arriveLate(key, body, options);
        throw unreachable();
      }
      const outcome = await real.put(key, body, options);
      onTheWayBack();
      return outcome;
    }
  };
}

// test/stores/simulation/scheduler.ts
function createScheduler(random) {
  const waiting = [];
  let clock = Date.parse("2013-03-01T00:00:00Z");
  const settled = () => new Promise((done) => void setImmediate(done));
  return {
    turn: () => new Promise((go) => void waiting.push(go)),
    chance: (probability) => random() < probability,
    pick: (items) => items[Math.floor(random() * items.length)],
    now: () => clock,
    async run(maxTurns) {
      await settled();
      for (let turns = 0; waiting.length > 0; turns++) {
        if (turns === maxTurns) return false;
        const [go] = waiting.splice(Math.floor(random() * waiting.length), 1);
        clock += Math.floor(random() * 1e3);
        go();
        await settled();
      }
      return true;
    }
  };
}

// test/stores/simulation/simulate.ts
var model = "flights";
var actor2 = { kind: "workflow", name: "simulated", claimed: false };
var bytes = (text) => new TextEncoder().encode(text);
async function simulate(seed, mutant = {}) {
  const scheduler = createScheduler(seededRandom(seed));
  const bucket = createMemoryBucket("simulated", () => /* @__PURE__ */ new Date(0));
  const budget = { left: scheduler.pick([0, 3, 6, 12]), rate: scheduler.pick([0.05, 0.15, 0.3]) };
  const given = budget.left;
  const told = [];
  const seen = [];
  const skew = () => scheduler.pick([-6e5, 0, 0, 6e5]);
  const open = (becomeZombie) => {
    const client = faultyClient(bucket, scheduler, budget, becomeZombie);
    const store = mutant.store?.(client) ?? client;
    const offset = skew();
    const options = { now: () => new Date(scheduler.now() + offset), sleep: () => scheduler.turn(), attempts: 4, ...mutant.options };
    return { registry: openRegistry(store, model, options), store };
  };
  const step = async (name2, run) => {
    let zombie = false;
    for (let attempt = 1; ; attempt++) {
      const txn = mutant.txn?.(name2, attempt) ?? name2;
      let takeOver = () => {
      };
      const takenForDead = new Promise((go) => void (takeOver = go));
      const { registry, store } = open(() => takeOver("zombie"));
      try {
        const outcome = await Promise.race([run(registry, txn, store), takenForDead]);
        if (outcome !== "zombie") {
          told.push({ txn: name2, n: outcome.entry.n, refusal: null, zombie });
          return outcome;
        }
        zombie = true;
      } catch (error) {
        if (!(error instanceof Crash) && failureTypeOf(error) !== "StoreUnavailable") {
          if (failureTypeOf(error) === null || failureTypeOf(error) === "Corrupt") throw error;
          told.push({ txn: name2, n: null, refusal: error.message, zombie });
          return null;
        }
      }
      await scheduler.turn();
    }
  };
  const trainingRun = async (id) => {
    const evaluation = await putBlob(bucket.connect(), bytes(`evaluation ${id}`));
    const registered2 = await step(`${id}/register`, async (registry, txn, store) => {
      const file = await putBlob(store, bytes(`model ${id}`));
      return registry.register({ txn, actor: actor2, run: id, model: file, evaluation, describe: async (v) => ({ manifest: { v }, card: `# ${v}` }) });
    });
    if (registered2 === null) throw new Error(`${id} could not register`);
    for (let question2 = 1; question2 <= 3; question2++) {
      const champion2 = replacedBy(await readChampion());
      await scheduler.turn();
      const decision2 = scheduler.pick(["approved", "approved", "approved", "rejected", "expired"]);
      const decided = await step(`${id}/decide/${question2}`, (registry, txn) => registry.recordDecision({ txn, actor: actor2, v: registered2.v, run: id, evaluation: evaluation.sha256, champion: champion2, decision: decision2, answers: [] }));
      if (decided === null) continue;
      const promotions = scheduler.chance(0.2) ? ["a", "b"] : ["a"];
      const promoted2 = await Promise.all(promotions.map((p) => step(`${id}/promote/${question2}${p}`, (registry, txn) => registry.promote({ txn, actor: actor2, v: registered2.v, run: id }))));
      if (promoted2.some((outcome) => outcome !== null) || decision2 !== "approved") return;
    }
  };
  const readChampion = async () => openRegistry(bucket.connect(), model).champion();
  const operator = async (id) => {
    for (let i = scheduler.pick([2, 10, 30]); i > 0; i--) await scheduler.turn();
    const expected2 = scheduler.chance(0.5) ? { champion: replacedBy(await readChampion()) } : void 0;
    for (let i = scheduler.pick([0, 5, 15]); i > 0; i--) await scheduler.turn();
    await step(`${id}/rollback`, (registry, txn) => registry.rollback({ txn, actor: actor2, reason: "simulated", expected: expected2 }));
  };
  const reader = async () => {
    const log = [];
    seen.push(log);
    const registry = openRegistry(bucket.connect(), model);
    for (let i = 0; i < 12; i++) {
      await scheduler.turn();
      const tip = await registry.log.tip();
      log.push({ n: tip?.entry.n ?? 0, champion: tip?.entry.state.champion?.v ?? null });
    }
  };
  const problems = [];
  const actors = [...Array.from({ length: scheduler.pick([2, 3]) }, (_, i) => trainingRun(`run-${i}`)), ...Array.from({ length: scheduler.pick([1, 2]) }, (_, i) => operator(`op-${i}`)), reader()];
  let ended = 0;
  const all = actors.map((running) => running.then(() => void ended++, (error) => void problems.push(`P7: ${String(error)}`)));
  if (!await scheduler.run(2e4)) return { problems: ["P7: it does not come to an end"], entries: 0, faults: given };
  if (ended + problems.length < actors.length) problems.push("P7: a workflow waits for ever");
  else await Promise.all(all);
  problems.push(...checkHistory(bucket, model, told, seen));
  const entries = [...bucket.objects.keys()].filter((key) => key.includes("/log/")).length;
  return { problems, entries, faults: given - budget.left };
}

// test/stores/simulation/mutants.ts
var rules = (changed) => ({ options: { rules: { ...commitRules, ...changed } } });
var isEntry = (key) => key.includes("/log/");
var trusting = (real) => ({
  ...real,
  async put(key, body, options) {
    if (!isEntry(key)) return real.put(key, body, options);
    return real.put(key, body, options).catch(async () => {
      const second = await real.put(key, body, options);
      if (second.outcome === "exists") throw new RelearnError("Superseded", "another writer came first");
      return second;
    });
  }
});
var mutants = {
  "a repeated step does not look for its own entry": rules({ findMine: () => void 0 }),
  "a lost reply counts as success": rules({ afterPut: (report) => report === "unknown" ? "done" : commitRules.afterPut(report) }),
  "the expected champion is not checked": rules({ expectedHolds: () => true }),
  "the transaction differs between attempts": { txn: (txn, attempt) => `${txn}#${attempt}` },
  "an approval is not compared with today's champion, nor used once": { options: { checkApproval: () => {
  } } },
  "an entry is put without its condition": { store: (real) => ({ ...real, put: (key, body, options) => real.put(key, body, isEntry(key) ? {} : options) }) },
  "the put is repeated by the SDK, and its 412 is trusted": { store: trusting }
};

// ../../tmp/sim2.ts
var N = Number(process.argv[2] ?? 300);
var t = performance.now();
var e = 0;
var f = 0;
var bad = 0;
for (let s = 5e6; s <= 5e6 + N; s++) {
  const r = await simulate(s);
  e += r.entries;
  f += r.faults;
  if (r.problems.length) {
    bad++;
    if (bad < 4) console.log("seed", s, r.problems);
  }
}
console.log(N, "seeds", ((performance.now() - t) / N).toFixed(2), "ms each; entries", e / N, "faults", f / N, "bad", bad);
if (N > 400) process.exit(0);
for (const [k, m] of Object.entries(mutants)) {
  t = performance.now();
  let s = 1;
  let r;
  for (; s <= 5e3; s++) {
    r = await simulate(s, m);
    if (r.problems.length) break;
  }
  console.log(k, "->", s, r.problems.slice(0, 2));
}
