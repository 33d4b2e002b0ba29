import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ObjectStore } from "../../stores/object-store.ts";

/** What a driver's test brings: a client of an empty bucket, and one whose next put is applied and its reply lost. */
export interface ObjectStoreHarness {
  readonly store: ObjectStore;
  losingNextReply(): ObjectStore;
  readonly largeBytes: number;
  /** How many race to create one key: SeaweedFS makes each loser of a lock wait for whole seconds. */
  readonly writers: number;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const first = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  for await (const item of items) return [item];
  return [];
};
const random = (length: number, seed = 1): Uint8Array => {
  const body = new Uint8Array(length);
  for (let i = 0, x = seed; i < length; i++) body[i] = (x = (x * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16;
  return body;
};

/** What every driver of the object-store port promises. */
export function objectStoreContract(driver: string, open: () => Promise<ObjectStoreHarness>): void {
  describe(`the ${driver} object store`, () => {
    let harness: ObjectStoreHarness;
    let store: ObjectStore;
    let folder: string;
    beforeAll(async () => {
      harness = await open();
      store = harness.store;
      folder = mkdtempSync(join(tmpdir(), "relearn-store-"));
    });
    afterAll(async () => {
      await harness.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it("answers null for a key that does not exist", async () => {
      expect(await store.get("absent")).toBeNull();
      expect(await store.head("absent")).toBeNull();
      expect(await store.getIfChanged("absent", '"x"')).toBeNull();
      expect(await store.download("absent", join(folder, "absent"))).toBeNull();
      expect(await collect(store.list("absent/"))).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    });

    it("removes an object, once or twice, and nothing beside it", async () => {
      await store.put("gone/one", bytes("1"));
      await store.put("gone/two", bytes("2"));
      await store.remove("gone/one");
      await store.remove("gone/one");
      expect(await store.get("gone/one")).toBeNull();
      expect((await collect(store.list("gone/"))).map(({ key }) => key)).toEqual(["gone/two"]);
    });

    it("gives back what was put, and replaces it whole", async () => {
      await store.put("doc", bytes("first"));
      const second = await store.put("doc", bytes("second"), { contentType: "text/plain" });
      const found = await store.get("doc");
      expect(new TextDecoder().decode(found?.body)).toBe("second");
      expect(second).toEqual({ outcome: "stored", etag: found?.etag });
      expect(await store.head("doc")).toMatchObject({ key: "doc", bytes: 6, etag: found?.etag, modifiedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string });
    });

    it("keeps an empty body", async () => {
      await store.put("empty", new Uint8Array());
      expect((await store.get("empty"))?.body.byteLength).toBe(0);
      expect((await store.head("empty"))?.bytes).toBe(0);
      await store.download("empty", join(folder, "empty"));
      expect(readFileSync(join(folder, "empty")).byteLength).toBe(0);
    });

    it("keeps keys of any script and with every sign apart", async () => {
      const keys = ["ünïcode/코드", "a b+c", "a%20b", "per&cent=?#", "quote'\"", "(paren)*!~", "dash-_.", "emoji/🚀", "date=2013-02-28/x.parquet"].map((key) => `signs/${key}`);
      for (const key of keys) await store.put(key, bytes(key));
      for (const key of keys) expect(new TextDecoder().decode((await store.get(key))?.body)).toBe(key);
      expect((await collect(store.list("signs/"))).map((object) => object.key)).toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    });

    it("tells an unchanged object from a changed one", async () => {
      await store.put("poll", bytes("1"));
      const { etag } = (await store.get("poll")) ?? { etag: "" };
      expect(await store.getIfChanged("poll", etag)).toBe("unchanged");
      await store.put("poll", bytes("2"));
      expect(await store.getIfChanged("poll", etag)).toMatchObject({ body: expect.anything() as Uint8Array });
    });

    it("lets exactly one of many writers create a key", async () => {
      const outcomes = await Promise.all(Array.from({ length: harness.writers }, (_, i) => store.put("race", bytes(`writer ${i}`), { ifNoneMatch: "*", once: true })));
      expect(outcomes.filter((o) => o.outcome === "stored")).toHaveLength(1);
      const winner = outcomes.findIndex((o) => o.outcome === "stored");
      expect(new TextDecoder().decode((await store.get("race"))?.body)).toBe(`writer ${winner}`);
    });

    it("lets exactly one of 8 writers replace a state they all saw", async () => {
      await store.put("swap", bytes("0"));
      for (const round of [1, 2, 3]) {
        const { etag } = (await store.get("swap")) ?? { etag: "" };
        const outcomes = await Promise.all(Array.from({ length: 8 }, (_, i) => store.put("swap", bytes(`${round}.${i}`), { ifMatch: etag, once: true })));
        expect(outcomes.filter((o) => o.outcome === "stored")).toHaveLength(1);
      }
    });

    it("refuses to replace a key that is gone", async () => {
      expect((await store.put("never", bytes("x"), { ifMatch: '"0123456789abcdef0123456789abcdef"' })).outcome).toBe("exists");
      expect(await store.get("never")).toBeNull();
    });

    it("reports a lost reply as unknown when it may try only once, and the object is there", async () => {
      const lossy = harness.losingNextReply();
      await expect(lossy.put("lost/once", bytes("mine"), { ifNoneMatch: "*", once: true })).rejects.toMatchObject({ type: "StoreUnavailable" });
      expect(new TextDecoder().decode((await store.get("lost/once"))?.body)).toBe("mine");
    });

    it("lists more than 1000 keys in order, and from the middle", async () => {
      const keys = Array.from({ length: 1_203 }, (_, i) => `many/${String(i).padStart(5, "0")}`);
      for (let i = 0; i < keys.length; i += 50) await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, bytes("x"))));
      expect((await collect(store.list("many/"))).map((object) => object.key)).toEqual(keys);
      expect((await collect(store.list("many/", { startAfter: keys[1_000] }))).map((object) => object.key)).toEqual(keys.slice(1_001));
      expect((await collect(store.list("many/", { startAfter: keys[100], limit: 1_050 }))).map((object) => object.key)).toEqual(keys.slice(101, 1_151));
      expect(await collect(store.list("many/", { limit: 0 }))).toEqual([]);
    });

    it("lists nested keys once each, in order within a folder, page by page, and goes on after a folder that is skipped", async () => {
      const folders = ["a", "a-b", "a.b", "ab", "a b", "b", "b/c", "ü"];
      const keys = folders.flatMap((folder) => Array.from({ length: 150 }, (_, i) => `tree/${folder}/${String(i).padStart(3, "0")}`));
      for (let i = 0; i < keys.length; i += 50) await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, bytes("x"))));
      const listed = (await collect(store.list("tree/"))).map((object) => object.key);
      expect(listed.toSorted()).toEqual(keys.toSorted());
      for (const folder of folders) expect(listed.filter((key) => /^tree\/(.*)\/\d+$/.exec(key)?.[1] === folder)).toEqual(keys.filter((key) => key.startsWith(`tree/${folder}/`) && /\/\d+$/.exec(key.slice(5 + folder.length))?.index === 0));
      const found = new Set<string>();
      for (let after: string | null = "tree/"; after !== null;) {
        const [next]: { key: string }[] = await first(store.list("tree/", { startAfter: after, limit: 1 }));
        after = next === undefined ? null : `tree/${next.key.split("/")[1]}/\u{10FFFF}`;
        if (next !== undefined) found.add(next.key.split("/")[1] as string);
      }
      expect([...found].toSorted()).toEqual(["a", "a b", "a-b", "a.b", "ab", "b", "ü"]);
    });

    it("shows in a list what was put just before", async () => {
      for (let i = 0; i < 20; i++) {
        await store.put(`fresh/${i}`, bytes("x"));
        expect(await collect(store.list(`fresh/${i}`))).toMatchObject([{ key: `fresh/${i}`, bytes: 1 }]);
      }
    });

    it("moves a large file there and back, whole", async () => {
      const body = random(harness.largeBytes);
      writeFileSync(join(folder, "large"), body);
      expect((await store.upload("large", join(folder, "large"), { ifNoneMatch: "*" })).outcome).toBe("stored");
      expect((await store.upload("large", join(folder, "large"), { ifNoneMatch: "*" })).outcome).toBe("exists");
      expect(await store.download("large", join(folder, "back"))).toMatchObject({ bytes: body.byteLength });
      expect(Buffer.compare(readFileSync(join(folder, "back")), body)).toBe(0);
      expect(Buffer.compare((await store.get("large"))?.body ?? new Uint8Array(), body)).toBe(0);
    });

    it("leaves no file where a download cannot be written", async () => {
      await store.put("small", bytes("x"));
      writeFileSync(join(folder, "in-the-way"), "");
      await expect(store.download("small", join(folder, "in-the-way", "file"))).rejects.toMatchObject({ code: expect.stringMatching(/ENOTDIR|EEXIST/) as string });
    });

    it("stops at an abort signal, before and during a call", async () => {
      const signal = AbortSignal.abort(new Error("the run was cancelled"));
      for (const call of [store.get("doc", { signal }), store.put("doc", bytes("x"), { signal }), store.head("doc", { signal }), collect(store.list("", { signal })), store.download("doc", join(folder, "d"), { signal })]) {
        await expect(call).rejects.toThrow("the run was cancelled");
      }
      const controller = new AbortController();
      const under = store.upload("aborted", join(folder, "large"), { signal: controller.signal });
      controller.abort(new Error("in the middle"));
      await expect(under).rejects.toThrow(/in the middle|abort/i);
    });
  });
}
