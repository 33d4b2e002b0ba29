import { describe, expect, it } from "vitest";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { replacedBy } from "../../stores/commit-rules.ts";
import { approveSample, promoteSamples, registerSample, robot } from "./registry-samples.ts";

const open = () => {
  const store = memoryObjectStore();
  return { store, registry: openRegistry(store, "flights") };
};

describe("the registry", () => {
  it("starts empty, without a champion", async () => {
    const { registry } = open();
    expect(await registry.champion()).toBeNull();
    expect(await registry.list()).toEqual([]);
    expect(await registry.version(1)).toBeNull();
    expect(await registry.at("2030-01-01T00:00:00Z")).toBeNull();
  });

  it("numbers versions from 1 and gives a repeated registration its first number", async () => {
    const { store, registry } = open();
    expect(await registerSample(store, registry, "a")).toBe(1);
    expect(await registerSample(store, registry, "b")).toBe(2);
    expect(await registerSample(store, registry, "a")).toBe(1);
    expect((await registry.list()).map((version) => version.v)).toEqual([1, 2]);
  });

  it("leaves a copy of manifest, evaluation and card for people", async () => {
    const { store, registry } = open();
    await registerSample(store, registry, "a");
    const read = async (name: string) => new TextDecoder().decode((await store.get(`models/flights/versions/1/${name}`))?.body);
    expect(JSON.parse(await read("manifest.json"))).toMatchObject({ model: "flights", v: 1 });
    expect(JSON.parse(await read("evaluation.json"))).toEqual({ of: "a" });
    expect(await read("card.md")).toBe("# version 1\n");
  });

  it("gives two runs that register at once two numbers", async () => {
    const { store } = open();
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => registerSample(store, openRegistry(store, "flights"), `model ${i}`)));
    expect(all.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("promotes an approved version, once", async () => {
    const { store, registry } = open();
    const v = await registerSample(store, registry, "a");
    await approveSample(registry, v);
    const step = { txn: "promote", actor: robot, v, run: robot.name };
    expect(await registry.promote(step)).toMatchObject({ repeated: false, entry: { n: 3, approval: { n: 2 } } });
    expect(await registry.promote(step)).toMatchObject({ repeated: true, entry: { n: 3 } });
    expect(await registry.champion()).toMatchObject({ v: 1 });
  });

  it("refuses a version nobody decided on, and one that was rejected", async () => {
    const { store, registry } = open();
    const v = await registerSample(store, registry, "a");
    const step = { actor: robot, v, run: robot.name };
    await expect(registry.promote({ ...step, txn: "p1" })).rejects.toMatchObject({ type: "NotApproved" });
    await registry.recordDecision({ ...step, txn: "no", evaluation: "cd".repeat(32), champion: null, decision: "rejected", answers: [] });
    await expect(registry.promote({ ...step, txn: "p2" })).rejects.toMatchObject({ type: "NotApproved", message: expect.stringContaining("rejected") as string });
  });

  it("refuses a version that does not exist", async () => {
    const { registry } = open();
    await expect(registry.promote({ txn: "p", actor: robot, v: 7, run: "r" })).rejects.toMatchObject({ type: "NotFound" });
  });

  it("refuses an approval given against another champion, and says who serves", async () => {
    const { store, registry } = open();
    const [a, b] = [await registerSample(store, registry, "a"), await registerSample(store, registry, "b")];
    await approveSample(registry, a);
    await approveSample(registry, b);
    await registry.promote({ txn: "pa", actor: robot, v: a, run: "r" });
    await expect(registry.promote({ txn: "pb", actor: robot, v: b, run: "r" })).rejects.toMatchObject({ type: "StaleApproval", message: expect.stringContaining("version 1") as string });
  });

  it("uses an approval once, also after a rollback to the champion it was given against", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, ["a", "b"]);
    await registry.rollback({ txn: "back", actor: robot, reason: "worse" });
    await expect(registry.promote({ txn: "again", actor: robot, v: 2, run: "r" })).rejects.toMatchObject({ type: "StaleApproval", message: expect.stringContaining("used") as string });
  });

  it("keeps a refused answer in the log without letting it settle anything", async () => {
    const { store, registry } = open();
    const v = await registerSample(store, registry, "a");
    await approveSample(registry, v);
    await registry.recordDecision({ txn: "late", actor: robot, v, run: robot.name, evaluation: "cd".repeat(32), champion: null, decision: "refused", answers: [] });
    await registry.promote({ txn: "p", actor: robot, v, run: "r" });
    expect(await registry.champion()).toMatchObject({ v });
  });

  it("rolls back further each time, and to any version that has served", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, ["a", "b", "c"]);
    await registry.rollback({ txn: "r1", actor: robot, reason: "worse" });
    expect(await registry.champion()).toMatchObject({ v: 2 });
    await registry.rollback({ txn: "r2", actor: robot, reason: "worse" });
    expect(await registry.champion()).toMatchObject({ v: 1 });
    await expect(registry.rollback({ txn: "r3", actor: robot, reason: "worse" })).rejects.toMatchObject({ type: "NotFound" });
    await registry.rollback({ txn: "r4", actor: robot, v: 3, reason: "it was right after all" });
    expect(await registry.champion()).toMatchObject({ v: 3 });
    expect((await registry.list()).map((version) => version.status)).toEqual(["former", "former", "champion"]);
  });

  it("refuses to roll back to a version that never served", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, ["a"]);
    await registerSample(store, registry, "b");
    await expect(registry.rollback({ txn: "r", actor: robot, v: 2, reason: "" })).rejects.toMatchObject({ type: "NotFound" });
  });

  it("names who won when a rollback meant another champion", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, ["a"]);
    const expected = { champion: replacedBy(await registry.champion()) };
    await promoteSamples(store, registry, ["b"]);
    await expect(registry.rollback({ txn: "r", actor: robot, reason: "", expected })).rejects.toMatchObject({ type: "Superseded", message: expect.stringContaining(robot.name) as string });
  });

  it("refuses a transaction that was another step's", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, ["a"]);
    await expect(registry.rollback({ txn: "promote a", actor: robot, reason: "" })).rejects.toMatchObject({ type: "InvalidInput" });
  });

  it("never takes another version's promotion for this one's, also where both name the same transaction", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, ["a"]);
    const v = await registerSample(store, registry, "b");
    await approveSample(registry, v);
    await expect(registry.promote({ txn: "promote a", actor: robot, v, run: "r" })).rejects.toMatchObject({ type: "InvalidInput", message: expect.stringContaining("is the promote of version 1") as string });
    await expect(registry.recordDecision({ txn: "approve 1", actor: robot, v, run: "r", evaluation: "cd".repeat(32), champion: null, decision: "rejected", answers: [] })).rejects.toMatchObject({ type: "InvalidInput" });
  });

  it("keeps the last 10 champions", async () => {
    const { store, registry } = open();
    await promoteSamples(store, registry, Array.from({ length: 13 }, (_, i) => `model ${i}`));
    const tip = await registry.log.tip();
    expect(tip?.entry.state.previous.map((former) => former.v)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });

  it("tells what served at an instant, and its history newest first", async () => {
    const store = memoryObjectStore();
    let clock = Date.parse("2013-03-01T00:00:00Z");
    const registry = openRegistry(store, "flights", { now: () => new Date((clock += 3_600_000)) });
    await promoteSamples(store, registry, ["a", "b"]);
    expect(await registry.at("2013-03-01T00:59:59Z")).toBeNull();
    expect((await registry.at("2013-03-01T03:00:00Z"))?.entry.state.champion?.v).toBe(1);
    expect((await registry.at("2013-03-01T05:59:59Z"))?.entry.state.champion?.v).toBe(1);
    expect((await registry.at("2013-03-01T06:00:00Z"))?.entry.state.champion?.v).toBe(2);
    const kinds: string[] = [];
    for await (const { entry } of registry.history()) kinds.push(`${entry.n} ${entry.operation.kind}`);
    expect(kinds).toEqual(["6 promote", "5 decision", "4 register", "3 promote", "2 decision", "1 register"]);
  });
});
