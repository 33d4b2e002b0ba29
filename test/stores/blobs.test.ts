import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openBlobCache } from "../../stores/blob-cache.ts";
import { blobKey, downloadBlob, getBlob, putBlob, putBlobFile, putJsonBlob } from "../../stores/blobs.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";

const folder = mkdtempSync(join(tmpdir(), "relearn-blobs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

describe("blobs", () => {
  it("lie under their own SHA-256, however they are put, once", async () => {
    const bucket = createMemoryBucket();
    const store = bucket.connect();
    writeFileSync(join(folder, "hello"), "hello");
    const ref = { sha256: helloHash, bytes: 5 };
    expect(await putBlob(store, bytes("hello"))).toEqual(ref);
    expect(await putBlobFile(store, join(folder, "hello"))).toEqual(ref);
    expect([...bucket.objects.keys()]).toEqual([`blobs/sha256/2c/${helloHash}`]);
    expect(new TextDecoder().decode(await getBlob(store, ref))).toBe("hello");
  });

  it("give equal documents one name, whatever the order of their keys", async () => {
    const store = createMemoryBucket().connect();
    expect(await putJsonBlob(store, { a: 1, b: [{ d: 1, c: 2 }] })).toEqual(await putJsonBlob(store, { b: [{ c: 2, d: 1 }], a: 1 }));
    await expect(putJsonBlob(store, { a: Number.NaN })).rejects.toMatchObject({ type: "InvalidInput" });
  });

  it("are refused when their bytes are not those of the name, or are gone", async () => {
    const bucket = createMemoryBucket();
    const store = bucket.connect();
    const ref = await putBlob(store, bytes("model"));
    bucket.objects.get(blobKey(ref.sha256))!.body[0] = 0;
    for (const call of [() => getBlob(store, ref), () => downloadBlob(store, ref, join(folder, "bad"))]) {
      await expect(call()).rejects.toMatchObject({ type: "Corrupt", message: expect.stringContaining(blobKey(ref.sha256)) as string });
    }
    bucket.objects.clear();
    await expect(getBlob(store, ref)).rejects.toMatchObject({ type: "NotFound" });
    await expect(downloadBlob(store, ref, join(folder, "bad"))).rejects.toMatchObject({ type: "NotFound" });
    expect(readdirSync(folder).filter((name) => name.startsWith("bad"))).toEqual([]);
  });

  it("are not taken for stored when something shorter lies under their name", async () => {
    const bucket = createMemoryBucket();
    const store = bucket.connect();
    await store.put(blobKey(helloHash), bytes("hel"));
    await expect(putBlob(store, bytes("hello"))).rejects.toMatchObject({ type: "Corrupt" });
    await expect(putBlobFile(store, join(folder, "hello"))).rejects.toMatchObject({ type: "Corrupt" });
  });
});

describe("the local cache of blobs", () => {
  const count = () => {
    const bucket = createMemoryBucket();
    const calls = { gets: 0 };
    return { bucket, calls, store: bucket.connect({ before: (operation) => { if (operation === "get") calls.gets++; } }) };
  };

  it("fetches a blob once, also for callers at the same time", async () => {
    const { store, calls } = count();
    const ref = await putBlob(store, bytes("partition"));
    const cache = openBlobCache(store, join(folder, "cache"), 1_000_000);
    const paths = await Promise.all([cache.file(ref), cache.file(ref), cache.file(ref)]);
    expect(new Set(paths).size).toBe(1);
    expect(readFileSync(paths[0]!, "utf8")).toBe("partition");
    expect(await cache.file(ref)).toBe(paths[0]);
    expect(calls.gets).toBe(1);
  });

  it("believes a file of an earlier process only after hashing it", async () => {
    const { store, calls } = count();
    const ref = await putBlob(store, bytes("partition"));
    writeFileSync(join(folder, "cache", ref.sha256), "partitioN");
    const path = await openBlobCache(store, join(folder, "cache"), 1_000_000).file(ref);
    expect(readFileSync(path, "utf8")).toBe("partition");
    await openBlobCache(store, join(folder, "cache"), 1_000_000).file(ref);
    expect(calls.gets).toBe(1);
  });

  it("serves one caller although another who asked first was cancelled", async () => {
    const controller = new AbortController();
    let fetches = 0;
    const cancelledAtFirst = (operation: string): void => {
      if (operation === "get" && fetches++ === 0) controller.abort(new Error("cancelled"));
    };
    const store = createMemoryBucket().connect({ before: cancelledAtFirst });
    const ref = await putBlob(store, bytes("shared"));
    const cache = openBlobCache(store, join(folder, "cancelled"), 1_000_000);
    const first = cache.file(ref, controller.signal);
    const second = cache.file(ref);
    await expect(first).rejects.toThrow();
    expect(readFileSync(await second, "utf8")).toBe("shared");
  });
});
