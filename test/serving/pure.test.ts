import { expect, test } from "vitest";
import type { ModelContract } from "../../inference/contract.ts";
import type { ActiveRollout, Champion, Commit, ServingState } from "../../schemas/commit.ts";
import type { Pin } from "../../schemas/local-serving.ts";
import { variantCounts } from "../../schemas/replica.ts";
import { adaptBatch } from "../../serving/adapt-batch.ts";
import { createEvidence } from "../../serving/evidence.ts";
import { routeTraffic } from "../../serving/route-traffic.ts";
import { pauseBefore } from "../../serving/version-runner.ts";
import { liftsPin, versionsWanted } from "../../serving/versions-wanted.ts";
import { latencyBucket } from "../../stats/latency-bucket.ts";

const version = (v: number): Champion => ({ v, model: { sha256: String(v).repeat(64).slice(0, 64), bytes: 1 }, manifest: { sha256: "f".repeat(64), bytes: 1 } });
const rollout: ActiveRollout = { id: "rides 4", candidate: version(4), kind: "canary", step: 0, share: 5, paused: false };
const state: ServingState = { champion: version(3), previous: [version(2), version(1)], rollout };
const pin: Pin = { version: 1, model: "rides", n: 7, instead: 3, target: version(2), reason: "", by: "ann", at: "2026-03-01T00:00:00Z" };
const contract = (names: readonly string[], task: ModelContract["task"] = "binary"): ModelContract => ({
  model: "rides", v: names.length, digest: "a".repeat(64), columns: [], inputs: names.map((name) => ({ name, type: "float32", width: 1 })), task, classes: task === "regression" ? null : ["0", "1"],
});

test("the champion, the candidate and the champion before are kept loaded, the champion first", () => {
  expect(versionsWanted(state, null)).toEqual({ answering: version(3), rollout, loaded: [version(3), version(4), version(2)] });
  expect(versionsWanted({ champion: null, previous: [], rollout: null }, null)).toEqual({ answering: null, rollout: null, loaded: [] });
});

test("a pinned version answers everybody, and the champion stays ready for when the pin is lifted", () => {
  expect(versionsWanted(state, pin)).toEqual({ answering: version(2), rollout: null, loaded: [version(2), version(3), version(4)] });
});

test("only a later decision about the champion lifts a pin", () => {
  const entry = (n: number, kind: Commit["operation"]["kind"]) => ({ n, operation: { kind } }) as Commit;
  expect([entry(7, "promote"), entry(8, "register"), entry(8, "rollout"), entry(8, "decision")].some((one) => liftsPin(one, pin))).toBe(false);
  expect([entry(8, "promote"), entry(9, "rollback")].every((one) => liftsPin(one, pin))).toBe(true);
});

test("callers go to the candidate by share and key, and raising the share moves nobody back", () => {
  const callers = Array.from({ length: 5_000 }, (_, i) => `caller ${i}`);
  const inCanary = (share: number): Set<string> => new Set(callers.filter((key) => routeTraffic({ ...rollout, share }, key, "id") === "canary"));
  const shares = [0, 5, 25, 50, 100].map(inCanary);
  expect(shares.map(({ size }) => Math.round(size / 50))).toEqual([0, 5, 25, 50, 100].map((share) => expect.closeTo(share, -1)));
  for (const [i, larger] of shares.slice(1).entries()) expect([...shares[i]!].every((caller) => larger.has(caller))).toBe(true);
  expect([shares[0]!.size, shares[4]!.size]).toEqual([0, 5_000]);
  expect(routeTraffic({ ...rollout, share: 100 }, null, "id")).toBe("canary");
  expect(routeTraffic({ ...rollout, share: 100, kind: "shadow" }, null, "id")).toBe("shadow");
  expect(routeTraffic({ ...rollout, share: 100, kind: "blueGreen" }, null, "id")).toBe("champion");
  expect(routeTraffic(null, null, "id")).toBe("champion");
});

test("rows read by one version's contract are put in another's order, or refused", () => {
  const [ab, ba, abc, a] = [contract(["a", "b"]), contract(["b", "a"]), contract(["a", "b", "c"]), contract(["a"])];
  const batch = { rows: 1, columns: [Float32Array.of(1), Float32Array.of(2)] };
  expect(adaptBatch(batch, ab, ba)?.columns).toEqual([Float32Array.of(2), Float32Array.of(1)]);
  expect(adaptBatch(batch, ab, a)?.columns).toEqual([Float32Array.of(1)]);
  expect(adaptBatch(batch, ab, abc)).toBeNull();
  expect(adaptBatch(batch, ab, contract(["a", "b"]))).toBe(batch);
});

const replayed = (at: string) => ({ at: Date.parse(at), live: false });

test("a step's time is that of its replay, until somebody asks now: then a time that a caller made up hurries nothing", () => {
  const evidence = createEvidence();
  const model = contract(["a", "b"]);
  const times = () => evidence.counts().map(({ firstAt, lastAt, requests }) => [firstAt, lastAt, requests]);
  const ask = (at: string, live: boolean) => evidence.answered(model, "canary", Float32Array.of(0.2, 0.8), 1, 3, { at: Date.parse(at), live });
  ask("2013-03-01T00:00:00Z", false);
  ask("2013-03-09T00:00:00Z", false);
  expect(times()).toEqual([["2013-03-01T00:00:00.000Z", "2013-03-09T00:00:00.000Z", 2]]);
  ask("2026-03-01T00:00:00Z", true);
  ask("2099-01-01T00:00:00Z", false);
  ask("2026-03-01T00:00:07Z", true);
  expect(times()).toEqual([["2026-03-01T00:00:00.000Z", "2026-03-01T00:00:07.000Z", 5]]);
});

test("evidence is counted by variant, adds rows to their buckets, and begins anew with each step", () => {
  const evidence = createEvidence();
  const model = contract(["a", "b"]);
  const counted = () => evidence.counts().map((one) => variantCounts.parse(one));
  evidence.begin({ id: "r", step: 0, share: 5 });
  evidence.answered(model, "canary", Float32Array.of(0.2, 0.8, 0.9, 0.1), 2, 3, replayed("2026-03-01T00:00:02Z"));
  evidence.failed(model, "canary", 1, 5, replayed("2026-03-01T00:00:01Z"));
  expect(counted()).toEqual([{
    rollout: "r", step: 0, share: 5, v: 2, digest: "a".repeat(64), variant: "canary", requests: 2, errors: 1, rows: 3, latency: { [latencyBucket(3)]: 1, [latencyBucket(5)]: 1 }, outputs: { 2: 1, 16: 1 },
    pairs: 0, disagreements: 0, dropped: 0, firstAt: "2026-03-01T00:00:01.000Z", lastAt: "2026-03-01T00:00:02.000Z",
  }]);
  evidence.begin({ id: "r", step: 0, share: 5 });
  expect(counted()).toHaveLength(1);
  evidence.begin({ id: "r", step: 1, share: 5 });
  expect(counted()).toEqual([]);
  evidence.compared(model, Float32Array.of(0.2, 0.8, 0.9, 0.1), Float32Array.of(0.6, 0.4, 0.8, 0.2), 2);
  evidence.dropped(model);
  expect(counted()).toMatchObject([{ variant: "shadow", step: 1, requests: 0, pairs: 2, disagreements: 1, dropped: 1, firstAt: null }]);
  evidence.keepOnly(new Set());
  expect(counted()).toEqual([]);
});

test("what the champion answered before the candidate could is not compared with it", () => {
  const evidence = createEvidence();
  const [champion, candidate] = [contract(["a", "b"]), { ...contract(["a", "b", "c"]), digest: "b".repeat(64) }];
  const answer = (model: ModelContract, variant: "champion" | "canary", at: string) => evidence.answered(model, variant, Float32Array.of(0.2, 0.8), 1, 3, replayed(at));
  answer(champion, "champion", "2026-03-01T00:00:00Z");
  evidence.begin({ id: "r", step: 0, share: 5 });
  answer(champion, "champion", "2026-03-01T01:00:00Z");
  answer(candidate, "canary", "2026-03-01T05:00:00Z");
  answer(champion, "champion", "2026-03-01T06:00:00Z");
  answer(candidate, "canary", "2026-03-01T07:00:00Z");
  expect(evidence.counts().map(({ variant, requests, firstAt }) => [variant, requests, firstAt])).toEqual([["canary", 2, "2026-03-01T05:00:00.000Z"], ["champion", 1, "2026-03-01T06:00:00.000Z"]]);
});

test("a process that dies once starts again at once, one that keeps failing after growing pauses", () => {
  expect([0, 1, 2, 3, 40].map((misses) => pauseBefore(misses, { firstMs: 500, mostMs: 30_000 }))).toEqual([0, 500, 1_000, 2_000, 30_000]);
});
