import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { replica, type Replica } from "../../schemas/replica.ts";
import { startModelServer, type ModelServer } from "../../serving/model-server.ts";
import { openBlobCache } from "../../stores/blob-cache.ts";
import { blobKey } from "../../stores/blobs.ts";
import { lastServedFile, readLastServed, readPin, servingBlobs, servingFolder, writeLastServed, writePin } from "../../stores/local-serving.ts";
import { entryKey } from "../../stores/log-entries.ts";
import { createMemoryBucket, type MemoryBucket, type StoreFaults } from "../../stores/memory-object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { publicKeyOf } from "../../stores/signing.ts";
import { actor, approveVersion, promoteVersion, publishVersion, registerVersion } from "./publish-version.ts";
import { fakeVersions, oneRow, type FakeVersions } from "./fake-versions.ts";

const key = generateKeyPairSync("ed25519").privateKey;
let home: string;
let bucket: MemoryBucket;
let away: boolean;
let models: FakeVersions;
let server: ModelServer;
const wait = { timeout: 5_000, interval: 10 };
const lines: string[] = [];
const log = pino({ level: "warn" }, { write: (line) => void lines.push(line) });
const pauses = { firstMs: 10, mostMs: 100, steadyMs: 60_000 };
/** What a read of this key waits for. */
let held: { readonly key: string; readonly until: Promise<void>; readonly asked: () => void } | null;
const faults: StoreFaults = { before: async (_, key) => {
  if (away) throw new RelearnError("StoreUnavailable", "the store is away");
  if (held?.key !== key) return;
  held.asked();
  await held.until;
} };

const start = async () => (server = await startModelServer({
  model: "rides", store: bucket.connect(faults), home, identity: { id: "a", url: "http://127.0.0.1:1" }, trusted: async () => [publicKeyOf(key)], start: models.start, log, cacheBytes: 1e9, pauses,
}));
const registry = () => openRegistry(bucket.connect(), "rides");
const serving = async () => (await registry().log.tip())!.entry.state;
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const register = (content: string) => registerVersion(bucket.connect(), "rides", bytes(content), key, content);
const promote = async (...contents: string[]) => {
  for (const content of contents) await publishVersion(bucket.connect(), "rides", bytes(content), key, content);
};
const ask = (id = "id", key: string | null = null) => server.served.predict({ batch: oneRow, id, key, version: null, deadline: performance.now() + 1_000 });
const answers = (v: number) => vi.waitFor(async () => expect((await ask()).contract.v).toBe(v), wait);
const said = (): Replica => replica.parse(JSON.parse(new TextDecoder().decode(bucket.objects.get("replicas/rides/a.json")?.body)));

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "relearn-fleet-"));
  [bucket, away, held, models] = [createMemoryBucket(), false, null, fakeVersions()];
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

test("the promoted version answers, the next one takes over when it is warm, and a rollback is back at once", async () => {
  await start();
  expect(server.served.status()).toEqual({ ready: false, reason: "what serves is not known yet", pinned: null, insteadOf: null });
  await expect(ask()).rejects.toMatchObject({ type: "NotReady" });
  await promote("one");
  await answers(1);
  await promote("two");
  await answers(2);
  expect(server.served.versions().map(({ v }) => v)).toEqual([2, 1]);
  expect(await server.served.predict({ batch: oneRow, id: "id", key: null, version: 1, deadline: performance.now() + 1_000 })).toMatchObject({ contract: { v: 1 } });
  await vi.waitFor(() => expect(said()).toMatchObject({ champion: { v: 2 }, warm: [{ v: 1 }, { v: 2 }], failed: [], pinned: null, n: 6 }), wait);
  await registry().rollback({ txn: "back", actor, reason: "" });
  await answers(1);
  expect(models.starts).toEqual([1, 2]);
  expect(() => server.served.contract(9)).toThrow("version 9 of rides is not served here; served are: 1");
});

test("a version whose bytes are broken leaves the old one answering, is told, and is tried again", async () => {
  await promote("one");
  await start();
  await answers(1);
  const v = await register("two");
  const file = (await registry().version(v))!.model;
  const right = bucket.objects.get(blobKey(file.sha256))!;
  bucket.objects.set(blobKey(file.sha256), { ...right, body: new TextEncoder().encode("twx") });
  await approveVersion(registry(), v);
  await promoteVersion(registry(), v);
  await vi.waitFor(() => expect(said()).toMatchObject({ n: 6, champion: { v: 1 }, failed: [{ v: 2, reason: expect.stringContaining("holds other bytes") }] }), wait);
  expect((await ask()).contract.v).toBe(1);
  bucket.objects.set(blobKey(file.sha256), right);
  await answers(2);
  await vi.waitFor(() => expect(said().failed).toEqual([]), wait);
});

test("without a store it goes on, and a restarted one begins with what it last served", async () => {
  await promote("one", "two");
  await start();
  await answers(2);
  await vi.waitFor(async () => expect((await readLastServed(home, "rides"))?.answered.v).toBe(2), wait);
  away = true;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await ask()).contract.v).toBe(2);
  await server.close();
  await start();
  await answers(2);
  expect(server.fleet.n).toBe(6);
  away = false;
  await registry().rollback({ txn: "back", actor, reason: "" });
  await answers(1);
});

test("where the champion cannot be loaded at the start, what answered before does", async () => {
  await promote("one");
  await start();
  await answers(1);
  await vi.waitFor(() => expect(readFileSync(lastServedFile(home, "rides"), "utf8")).toContain("answered"), wait);
  await server.close();
  models.versions.set(2, { refuse: new RelearnError("ModelRefused", "no") });
  await promote("two");
  await start();
  await answers(1);
  expect(said()).toMatchObject({ champion: { v: 1 }, failed: [{ v: 2, reason: "no" }] });
  models.versions.delete(2);
  await answers(2);
});

test.each([["spoilt in the store and on the disk"], ["refused"]])("where the champion that answered before is %s at the next start, the champion before stands in, and the server says so until it can be loaded", async (how) => {
  await promote("one", "two");
  await start();
  await answers(2);
  await vi.waitFor(async () => expect((await readLastServed(home, "rides"))?.answered.v).toBe(2), wait);
  await server.close();
  const { model } = (await serving()).champion!;
  const right = bucket.objects.get(blobKey(model.sha256))!;
  if (how === "refused") models.versions.set(2, { refuse: new RelearnError("ModelRefused", "no") });
  else {
    bucket.objects.set(blobKey(model.sha256), { ...right, body: bytes("twx") });
    writeFileSync(join(servingBlobs(home, "rides"), model.sha256), "twx");
  }
  lines.length = 0;
  await start();
  await answers(1);
  expect(server.served.status()).toEqual({ ready: true, reason: "", pinned: null, insteadOf: 2 });
  await vi.waitFor(() => expect(said()).toMatchObject({ champion: { v: 1 }, failed: [{ v: 2 }] }), wait);
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(expect.objectContaining({ v: 2, answers: 1, msg: expect.stringContaining("another one answers instead") as string }));
  models.versions.delete(2);
  bucket.objects.set(blobKey(model.sha256), right);
  await answers(2);
  expect(server.served.status()).toMatchObject({ ready: true, insteadOf: null });
  expect(lines.filter((line) => line.includes("instead"))).toHaveLength(1);
});

test("a pin holds on this host, without a store too, until the log decides anew", async () => {
  await promote("one", "two", "three");
  await start();
  await answers(3);
  const target = await vi.waitFor(async () => (await readLastServed(home, "rides"))!.state.previous[1]!, wait);
  await Promise.all([target.model, target.manifest].map((ref) => openBlobCache(bucket.connect(), servingBlobs(home, "rides"), 1e9).file(ref)));
  away = true;
  await writePin(home, { version: 1, model: "rides", n: 9, instead: 3, target, reason: "worse", by: "ann", at: new Date().toISOString() });
  await answers(1);
  expect(server.served.status()).toEqual({ ready: true, reason: "", pinned: 1, insteadOf: null });
  await server.close();
  await start();
  await answers(1);
  away = false;
  await vi.waitFor(() => expect(said()).toMatchObject({ champion: { v: 1 }, pinned: { v: 1, n: 9, reason: "worse", by: "ann" } }), wait);
  await register("four");
  await vi.waitFor(() => expect(server.fleet.n).toBe(10), wait);
  expect(server.served.status().pinned).toBe(1);
  await registry().rollback({ txn: "back", actor, reason: "" });
  await answers(2);
  expect([server.served.status().pinned, await readPin(home, "rides")]).toEqual([null, null]);
});

test("a process that dies is started again while the others answer", async () => {
  await promote("one", "two");
  await start();
  await answers(2);
  await vi.waitFor(() => expect(models.running.size).toBe(2), wait);
  models.running.get(2)!.die();
  expect(await server.served.predict({ batch: oneRow, id: "id", key: null, version: 1, deadline: performance.now() + 1_000 })).toMatchObject({ contract: { v: 1 } });
  await answers(2);
  expect(models.starts).toEqual([2, 1, 2]);
});

test("a canary takes over step by step: warm before it gets traffic, counted anew at each step, and gone at once where it is aborted", async () => {
  await promote("one");
  await start();
  await answers(1);
  const v = await register("two");
  await approveVersion(registry(), v);
  const rollout = { actor, v, id: "rides/run/rollout", kind: "canary", reason: "" } as const;
  await registry().startRollout({ ...rollout, txn: "start", share: 50 });
  await vi.waitFor(() => expect(said()).toMatchObject({ champion: { v: 1 }, warm: [{ v: 1 }, { v: 2 }] }), wait);
  const variants = async () => (await Promise.all(Array.from({ length: 200 }, (_, i) => ask("id", `caller ${i}`)))).map(({ variant }) => variant);
  const first = await variants();
  expect(first.filter((one) => one === "canary").length).toBeGreaterThan(60);
  await vi.waitFor(() => expect(said().counts.find(({ variant }) => variant === "canary")).toMatchObject({ rollout: rollout.id, step: 0, v: 2, requests: first.filter((one) => one === "canary").length }), wait);
  await registry().stepRollout({ txn: "advance", actor, id: rollout.id, step: 0, action: "advance", share: 80, reason: "", checks: [] });
  await vi.waitFor(() => expect(said().counts).toEqual([]), wait);
  const second = await variants();
  expect(first.every((one, i) => one === "champion" || second[i] === "canary")).toBe(true);
  await registry().stepRollout({ txn: "abort", actor, id: rollout.id, step: 1, action: "abort", reason: "worse", checks: [] });
  await vi.waitFor(async () => expect(new Set(await variants())).toEqual(new Set(["champion"])), wait);
  await vi.waitFor(() => expect(said().warm).toMatchObject([{ v: 1 }]), wait);
  expect(models.running.has(2)).toBe(false);
}, 20_000);

test("a blob that the disk has spoilt since it was fetched is fetched again", async () => {
  await promote("one");
  await start();
  await answers(1);
  const { model } = (await serving()).champion!;
  writeFileSync(join(servingBlobs(home, "rides"), model.sha256), "onX");
  models.running.get(1)!.die();
  await answers(1);
});

test("a pin and a memory of another model count for nothing", async () => {
  await promote("one", "two");
  const { champion } = await serving();
  const others = { version: 1, model: "other", n: 9, at: new Date().toISOString() } as const;
  await writePin(home, { ...others, instead: null, target: champion!, reason: "", by: "ann" });
  await writeLastServed(home, { ...others, state: await serving(), answered: champion! });
  cpSync(servingFolder(home, "other"), servingFolder(home, "rides"), { recursive: true });
  away = true;
  await start();
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(server.served.status()).toMatchObject({ ready: false, pinned: null });
  expect(lines.filter((line) => line.includes("the pin cannot be read") && line.includes("is of the model other"))).toHaveLength(1);
  away = false;
  await answers(2);
});

test("a pin that is set while the one before it is being lifted stays", async () => {
  await promote("one", "two");
  await start();
  await answers(2);
  const target = (await serving()).previous[0]!;
  const pin = { version: 1, model: "rides", instead: 2, target, reason: "", by: "ann" } as const;
  let release = (): void => {};
  const asked = new Promise<void>((resolve) => (held = { key: entryKey("rides", 3), asked: resolve, until: new Promise((go) => (release = go)) }));
  await writePin(home, { ...pin, n: 2, at: "2026-01-01T00:00:00.000Z" });
  await asked;
  await writePin(home, { ...pin, n: 6, at: "2026-01-01T00:00:01.000Z" });
  release();
  await answers(1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await readPin(home, "rides")).toMatchObject({ n: 6 });
});
