import { describe, expect, it } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { createMemoryBucket, memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { probeStore } from "../../stores/probe.ts";

describe("the probe of a bucket", () => {
  it("passes a store with atomic conditional writes, once per process", async () => {
    const bucket = createMemoryBucket();
    const store = bucket.connect();
    await probeStore(store);
    const left = bucket.objects.size;
    await probeStore(store);
    expect(bucket.objects.size).toBe(left);
  });

  it("refuses a store that ignores conditions", async () => {
    const real = memoryObjectStore();
    const careless: ObjectStore = { ...real, put: (key, body) => real.put(key, body) };
    await expect(probeStore(careless)).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringContaining("8 of 8 writers create") as string });
  });

  it("refuses a store that checks, waits, then writes", async () => {
    const real = memoryObjectStore();
    const racy: ObjectStore = {
      ...real,
      put: async (key, body, options = {}) => {
        const there = await real.head(key);
        await new Promise((done) => setTimeout(done, 5));
        if (options.ifNoneMatch === "*" && there !== null) return { outcome: "exists" };
        if (options.ifMatch !== undefined && there?.etag !== options.ifMatch) return { outcome: "exists" };
        return real.put(key, body);
      },
    };
    await expect(probeStore(racy)).rejects.toMatchObject({ type: "StoreRefused" });
  });

  it("refuses a store that knows creating but not replacing", async () => {
    const real = memoryObjectStore();
    const half: ObjectStore = { ...real, put: (key, body, options) => real.put(key, body, { ifNoneMatch: options?.ifNoneMatch }) };
    await expect(probeStore(half)).rejects.toMatchObject({ message: expect.stringContaining("If-Match") as string });
  });

  it("passes when some replies are lost, and asks again after an outage", async () => {
    let down = true;
    let calls = 0;
    const store = createMemoryBucket().connect({
      before: () => { if (down) throw new RelearnError("StoreUnavailable", "down"); },
      after: (operation) => { if (operation === "put" && calls++ % 5 === 0) throw new RelearnError("StoreUnavailable", "the reply was lost"); },
    });
    await expect(probeStore(store)).rejects.toMatchObject({ type: "StoreUnavailable" });
    down = false;
    await probeStore(store);
  });
});
