import { expect, test } from "vitest";
import { type Replica, replica } from "../../schemas/replica.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { endReplica, listAllReplicas, listReplicas, putReplica, readReplica, removeDeadReplicas } from "../../stores/replicas.ts";

const start = Date.parse("2026-03-01T00:00:00.000Z");
const at = (ms: number): string => new Date(start + ms).toISOString();
const document = (id: string, ms: number): Replica => ({ version: 1, id, model: "rides", url: "http://127.0.0.1:1", at: at(ms), until: at(ms + 15_000), n: 1, champion: null, warm: [], failed: [], pinned: null, counts: [], labels: [] });

const counted = { rollout: "r", step: 0, share: 5, v: 2, digest: "a".repeat(64), variant: "canary" as const, requests: 7, errors: 0, rows: 7, latency: {}, outputs: {}, pairs: 0, disagreements: 0, dropped: 0, firstAt: null, lastAt: null };

test("a server counts for 15 s after it last said so, and for no time after it took its leave", async () => {
  let now = start;
  const store = createMemoryBucket("replicas", () => new Date(now)).connect();
  await putReplica(store, document("a", 0));
  await putReplica(store, document("b", 10_000));
  await store.put("replicas/rides/broken.json", new TextEncoder().encode("{"));
  await store.put("replicas/rides-too/c.json", new TextEncoder().encode("{"));
  expect((await listReplicas(store, "rides", start + 14_999)).map(({ id }) => id)).toEqual(["a", "b"]);
  expect((await listReplicas(store, "rides", at(15_000))).map(({ id }) => id)).toEqual(["b"]);
  await endReplica(store, { ...document("b", 12_000), counts: [counted] });
  expect((await listReplicas(store, "rides", at(12_000))).map(({ id }) => id)).toEqual(["a"]);
  expect((await listAllReplicas(store, "rides")).map((one) => [one.id, one.counts])).toEqual([["a", []], ["b", [counted]]]);
  now = start + 86_400_000;
  await putReplica(store, document("d", 86_400_000));
  expect(await removeDeadReplicas(store, "rides", now + 1, "r")).toBe(2);
  expect(await readReplica(store, "rides", "b")).toMatchObject({ id: "b", counts: [counted] });
  expect(await removeDeadReplicas(store, "rides", now + 1, null)).toBe(1);
  expect((await listReplicas(store, "rides", now)).map(({ id }) => id)).toEqual(["d"]);
});

test("the document of a server of before labels were counted is still read", () => {
  const { labels: _, ...before } = document("a", 0);
  expect(replica.parse(before)).toEqual(document("a", 0));
});

test("a server whose clock is wrong counts by the store's, and nobody counts for another", async () => {
  let now = start;
  const store = createMemoryBucket("replicas", () => new Date(now)).connect();
  await putReplica(store, document("ahead", 3_600_000));
  await putReplica(store, document("behind", -3_600_000));
  const found = (): Promise<string[]> => listReplicas(store, "rides", now).then((all) => all.map(({ id }) => id));
  await store.put("replicas/rides/copy.json", new TextEncoder().encode(JSON.stringify(document("behind", 0))));
  await store.put("replicas/rides/huge.json", new TextEncoder().encode(JSON.stringify(document("huge", 0)).padEnd(2 ** 20 + 1)));
  expect(await found()).toEqual(["ahead", "behind"]);
  now = start + 15_000;
  expect(await found()).toEqual(["ahead"]);
  now = start + 75_001;
  expect(await found()).toEqual([]);
});
