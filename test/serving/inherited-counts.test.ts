import { expect, test, vi } from "vitest";
import type { ModelContract } from "../../inference/contract.ts";
import { replica, type Replica } from "../../schemas/replica.ts";
import { createEvidence, type Evidence } from "../../serving/evidence.ts";
import { announceReplica } from "../../serving/replica.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { listReplicas, readReplica } from "../../stores/replicas.ts";

const contract = (v: number): ModelContract => ({ model: "rides", v, digest: String(v).repeat(64), columns: [], inputs: [], task: "binary", classes: ["0", "1"] });
const [old, fresh] = [contract(1), contract(2)];
const step = { id: "r", step: 1, share: 20 };
const at = Date.parse("2026-03-01T00:00:00Z");

const answer = (evidence: Evidence, of: ModelContract, id: string, time = at): void => evidence.answered(of, of === old ? "champion" : "canary", Float32Array.of(0.2, 0.8), 1, 3, { at: time, live: false }, id);
const said = (evidence: Evidence, id: string, label: string): void => evidence.label({ version: 1, prediction_id: id, row: 0, label, value: null, at: null, received_at: "2026-03-01T00:00:00Z", source: null });
const begun = (before: Pick<Replica, "counts" | "labels"> | null): Evidence => {
  const evidence = createEvidence();
  evidence.inherit(before);
  evidence.begin(step);
  return evidence;
};
const told = (evidence: Evidence): Replica => {
  const now = Date.now();
  return replica.parse({ version: 1, id: "web-1", model: "rides", url: "http://127.0.0.1:1", at: new Date(now).toISOString(), until: new Date(now + 15_000).toISOString(), n: 1, champion: null, warm: [], failed: [], pinned: null, counts: evidence.counts(), labels: evidence.labels() });
};
const of = (evidence: Evidence, variant: string) => evidence.counts().find((one) => one.variant === variant);

test("a server that ends leaves what it has counted, and its successor at the same place goes on from there, twice", async () => {
  const store = createMemoryBucket("replicas").connect();
  let evidence = begun(null);
  for (let life = 0; life < 3; life++) {
    evidence = createEvidence();
    const mine = evidence;
    const announcer = announceReplica(store, { document: () => told(mine), inherit: (before) => mine.inherit(before), rollout: () => "r", onTrouble: () => {} });
    await vi.waitFor(async () => expect(await listReplicas(store, "rides", Date.now())).toHaveLength(1));
    mine.begin(step);
    for (let i = 0; i < 10; i++) {
      answer(mine, fresh, `${life} ${i}`, at + life);
      answer(mine, old, `old ${life} ${i}`, at + life);
    }
    said(mine, `${life} 0`, "0");
    await announcer.close();
    expect(await listReplicas(store, "rides", Date.now())).toEqual([]);
  }
  const left = (await readReplica(store, "rides", "web-1"))!;
  expect(left.counts.map(({ variant, requests, latency, firstAt, lastAt }) => [variant, requests, Object.values(latency), firstAt, lastAt])).toEqual([
    ["canary", 30, [30], "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00.002Z"], ["champion", 30, [30], "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00.002Z"],
  ]);
  expect(left.labels).toMatchObject([{ variant: "canary", step: 1, share: 20, requests: 3, labelled: 3, wrong: 3 }]);
});

test("what was counted at another step is not gone on from, but what came true of it is", () => {
  const before = begun(null);
  answer(before, fresh, "a");
  said(before, "a", "1");
  const evidence = begun({ counts: before.counts(), labels: before.labels() });
  evidence.begin({ ...step, step: 2, share: 50 });
  expect(evidence.counts()).toEqual([]);
  expect(evidence.labels()).toMatchObject([{ step: 1, labelled: 1, wrong: 0 }]);
  evidence.begin({ ...step, id: "another" });
  expect([evidence.counts(), evidence.labels()]).toEqual([[], []]);
});

test("what the champion answered before any candidate had is not gone on from once one has", () => {
  const before = begun(null);
  answer(before, old, "a");
  const evidence = begun({ counts: before.counts(), labels: before.labels() });
  expect(of(evidence, "champion")).toMatchObject({ requests: 1 });
  answer(evidence, fresh, "b");
  expect(of(evidence, "champion")).toBeUndefined();
  expect(of(evidence, "canary")).toMatchObject({ requests: 1 });
});
