import { expect, test, vi } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { followLog } from "../../serving/follow-log.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { promoteSamples, registerSample } from "../stores/registry-samples.ts";

const wait = { timeout: 5_000, interval: 2 };

test("each new state is told once, for one conditional read a look, without the hint too, and whatever the store does between", async () => {
  const bucket = createMemoryBucket();
  const asked: string[] = [];
  let away = false;
  const real = bucket.connect({ before: () => {
    if (away) throw new RelearnError("StoreUnavailable", "away");
  } });
  const noted = <A extends [string, ...unknown[]], T>(what: string, call: (...args: A) => T) => (...args: A): T => {
    asked.push(`${what} ${args[0].slice("models/rides/".length)}`);
    return call(...args);
  };
  const store: ObjectStore = { ...real, get: noted("get", real.get), getIfChanged: noted("if changed", real.getIfChanged), head: noted("head", real.head) };
  const registry = openRegistry(bucket.connect(), "rides");
  const told: number[] = [];
  const troubles: (string | null)[] = [];
  const ending = new AbortController();
  const following = followLog(store, "rides", { signal: ending.signal, everyMs: 2, onEntry: ({ entry }) => told.push(entry.n), onTrouble: (error) => troubles.push(error?.message ?? null) });
  try {
    await promoteSamples(bucket.connect(), registry, ["one"]);
    await vi.waitFor(() => expect(told.at(-1)).toBe(3), wait);
    await new Promise((resolve) => setTimeout(resolve, 30));
    asked.length = 0;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(100), wait);
    expect(asked.filter((one) => one !== "if changed head.json").length / asked.length).toBeLessThan(0.07);

    const hint = bucket.objects.get("models/rides/head.json")!;
    await registerSample(bucket.connect(), registry, "two");
    bucket.objects.set("models/rides/head.json", hint);
    await vi.waitFor(() => expect(told.at(-1)).toBe(4), wait);

    away = true;
    await vi.waitFor(() => expect(troubles).toEqual(["away"]), wait);
    await registerSample(bucket.connect(), registry, "three");
    away = false;
    await vi.waitFor(() => expect(told.at(-1)).toBe(5), wait);
    expect(troubles).toEqual(["away", null]);
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  } finally {
    ending.abort();
    await following;
  }
});
