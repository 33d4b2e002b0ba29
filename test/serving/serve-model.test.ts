import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { InputBatch } from "../../inference/contract.ts";
import type { ActiveRollout, Champion } from "../../schemas/commit.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { createEvidence, type Evidence } from "../../serving/evidence.ts";
import { createFleet, type Fleet } from "../../serving/fleet.ts";
import { serveModel } from "../../serving/serve-model.ts";
import type { ServedModel } from "../../serving/served-model.ts";
import { fakeVersions, fakeProcess, oneRow, type FakeProcess, type FakeVersions } from "./fake-versions.ts";

const version = (v: number): Champion => ({ v, model: { sha256: String(v).repeat(64), bytes: 1 }, manifest: { sha256: "f".repeat(64), bytes: 1 } });
const rollout = (kind: ActiveRollout["kind"], share: number): ActiveRollout => ({ id: "r", candidate: version(2), kind, step: 0, share, paused: false });
const wait = { timeout: 5_000, interval: 5 };
let models: FakeVersions;
let fleet: Fleet;
let evidence: Evidence;
let served: ServedModel;
/** Loads wait for it. */
let gate: Promise<void> = Promise.resolve();

const inputs = (v: number): readonly string[] => models.versions.get(v)?.inputs ?? ["distance"];
const follow = async (running: ActiveRollout | null): Promise<void> => {
  evidence.begin(running);
  fleet.follow({ champion: version(1), previous: [], rollout: running }, 1, null);
  await vi.waitFor(() => expect(fleet.runners.every(({ process }) => process !== null)).toBe(true), wait);
};
const ask = (id: string, timeoutMs = 1_000, batch: InputBatch = oneRow) => served.predict({ batch, id, key: null, version: null, deadline: performance.now() + timeoutMs });
const count = (variant: string) => evidence.counts().find((one) => one.variant === variant);

beforeEach(() => {
  models = fakeVersions();
  evidence = createEvidence();
  fleet = createFleet({
    load: ({ v, model }) => gate.then(() => fakeProcess({ model: "rides", v, digest: model.sha256, columns: [], inputs: inputs(v).map((name) => ({ name, type: "float32", width: 1 })), task: "binary", classes: ["0", "1"] }, models)),
    fallback: null, changed: () => {}, switched: () => {},
  });
  served = serveModel("rides", fleet, evidence);
});
afterEach(() => fleet.close());

test("a canary gets its share, each caller always the same version, and both are counted", async () => {
  await follow(rollout("canary", 25));
  const first = await Promise.all(Array.from({ length: 400 }, (_, i) => ask(`id ${i}`)));
  const again = await Promise.all(Array.from({ length: 400 }, (_, i) => ask(`id ${i}`)));
  expect(again.map(({ contract }) => contract.v)).toEqual(first.map(({ contract }) => contract.v));
  const canaries = first.filter(({ variant }) => variant === "canary");
  expect(canaries.every(({ contract, scores }) => contract.v === 2 && scores[1] === Math.fround(0.02))).toBe(true);
  expect(canaries.length).toBeGreaterThan(70);
  expect(canaries.length).toBeLessThan(130);
  expect(count("canary")).toMatchObject({ v: 2, requests: canaries.length * 2, errors: 0, outputs: { 0: canaries.length * 2 } });
  expect(count("champion")).toMatchObject({ v: 1, requests: 800 - canaries.length * 2, errors: 0 });
});

test("a candidate that fails, hangs or takes other columns costs no caller an answer, and counts against it", async () => {
  models.versions.set(2, { answer: () => Promise.reject(new RelearnError("ModelRefused", "no")) });
  await follow(rollout("canary", 100));
  expect(await ask("a")).toMatchObject({ variant: "champion", contract: { v: 1 } });
  models.versions.set(2, { answer: (_, deadline) => new Promise((_resolve, reject) => setTimeout(() => reject(new RelearnError("InferenceLimit", "late")), deadline - performance.now())) });
  const began = performance.now();
  expect(await ask("b", 200)).toMatchObject({ variant: "champion" });
  expect(performance.now() - began).toBeLessThan(190);
  expect(count("canary")).toMatchObject({ requests: 2, errors: 2 });
  expect(count("champion")).toMatchObject({ requests: 2, errors: 0 });
});

test("a candidate that wants a column that callers are not asked for counts as failing", async () => {
  models.versions.set(2, { inputs: ["distance", "weight"] });
  await follow(rollout("canary", 100));
  expect(await ask("a")).toMatchObject({ variant: "champion" });
  expect(count("canary")).toMatchObject({ requests: 1, errors: 1 });
});

test("a shadow's answers are compared and reach nobody; one that hangs costs callers nothing and its copies are dropped", async () => {
  models.versions.set(2, { answer: async () => 0.93 });
  await follow(rollout("shadow", 100));
  for (let i = 0; i < 10; i++) expect(await ask(`id ${i}`)).toMatchObject({ variant: "champion", contract: { v: 1 } });
  await vi.waitFor(() => expect(count("shadow")).toMatchObject({ v: 2, requests: 10, pairs: 10, disagreements: 10, dropped: 0, outputs: { 18: 10 } }), wait);
  models.versions.set(2, { answer: () => new Promise(() => {}) });
  const began = performance.now();
  for (let i = 0; i < 200; i++) await ask(`id ${i}`);
  expect(performance.now() - began).toBeLessThan(500);
  expect(count("shadow")).toMatchObject({ dropped: 200 - 64, errors: 0 });
  expect(count("champion")).toMatchObject({ requests: 210, errors: 0 });
});

test("callers wait for a process that died once, within their time, and are told at once to come back after it died again", async () => {
  const dies = (): void => (fleet.answering!.process as FakeProcess).die();
  const isGone = () => vi.waitFor(() => expect(fleet.answering?.process).toBeNull(), { ...wait, interval: 1 });
  await follow(null);
  let open = (): void => {};
  gate = new Promise((resolve) => (open = resolve));
  dies();
  await isGone();
  expect(served.contract(null).v).toBe(1);
  await expect(ask("a", 20)).rejects.toMatchObject({ type: "NotReady" });
  const waiting = Promise.all(Array.from({ length: 256 }, (_, i) => ask(`id ${i}`, 10_000)));
  await expect(ask("one too many", 10_000)).rejects.toMatchObject({ type: "NotReady" });
  open();
  expect((await waiting).every(({ contract }) => contract.v === 1)).toBe(true);
  dies();
  await isGone();
  await expect(ask("b", 10_000)).rejects.toMatchObject({ type: "NotReady" });
  expect(() => served.contract(null)).toThrow(/rides cannot answer yet/);
});

test("a failing champion is the caller's error, and is counted", async () => {
  models.versions.set(1, { answer: () => Promise.reject(new RelearnError("Overloaded", "full")) });
  await follow(null);
  await expect(ask("a")).rejects.toMatchObject({ type: "Overloaded" });
  expect(evidence.counts()).toMatchObject([{ rollout: null, step: null, variant: "champion", requests: 1, errors: 1 }]);
});
