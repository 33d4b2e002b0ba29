import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { issuedAt, predictionIds } from "../../stores/prediction-ids.ts";
import { openPredictionKey, predictionKeyFile } from "../../stores/prediction-key.ts";

const key = Buffer.alloc(32, 7);

describe("prediction ids", () => {
  test("are all different, sort by time, and carry it", () => {
    let now = Date.UTC(2026, 10, 26);
    const ids = predictionIds(key, () => now);
    const issued = Array.from({ length: 2_000 }, (_, i) => {
      if (i % 7 === 0) now += 1;
      return { id: ids.issue("flights"), now };
    });
    expect(new Set(issued.map(({ id }) => id)).size).toBe(issued.length);
    expect(issued.map(({ id }) => id)).toEqual(issued.map(({ id }) => id).toSorted());
    expect(issued.filter((one) => issuedAt(one.id) !== one.now)).toEqual([]);
  });

  test("are known to every replica with the key, for their own model only", () => {
    const [one, other, stranger] = [predictionIds(key), predictionIds(key), predictionIds(Buffer.alloc(32, 8))];
    const made = Array.from({ length: 9 }, () => one.issue("flights"));
    expect(made.every((id) => other.issued(id, "flights"))).toBe(true);
    expect(made.some((id) => other.issued(id, "sales") || stranger.issued(id, "flights"))).toBe(false);
  });

  test("cannot be made by changing one", () => {
    const ids = predictionIds(key);
    const id = ids.issue("flights");
    const changed = [...id].flatMap((was, i) => ["0", "3", "v", "A", "-"].filter((to) => to !== was).map((to) => id.slice(0, i) + to + id.slice(i + 1)));
    expect(changed.filter((one) => ids.issued(one, "flights"))).toEqual([]);
    for (const odd of ["", "x", `${id}0`, id.slice(1), "../../etc/passwd", `${id.slice(0, -1)}\n`]) expect([ids.issued(odd, "flights"), issuedAt(odd)]).toEqual([false, null]);
  });
});

describe("their key", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "prediction-key-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const away = (store: ObjectStore): ObjectStore => ({ ...store, get: () => Promise.reject(new RelearnError("StoreUnavailable", "away")) });

  test("is one a bucket, whoever comes first, and is kept where only its owner reads it", async () => {
    const store = memoryObjectStore();
    const keys = await Promise.all(["a", "b", "c"].map((home) => openPredictionKey(store, join(folder, home))));
    expect(new Set(keys.map((one) => Buffer.from(one).toString("hex"))).size).toBe(1);
    expect((await stat(predictionKeyFile(join(folder, "a")))).mode & 0o777).toBe(0o600);
  });

  test("is at hand without the bucket where this host has served before, and nowhere else", async () => {
    const store = memoryObjectStore();
    const home = join(folder, "cold");
    const first = await openPredictionKey(store, home);
    expect(await openPredictionKey(away(store), home)).toEqual(first);
    await expect(openPredictionKey(away(store), join(folder, "new"))).rejects.toMatchObject({ type: "StoreUnavailable" });
    await expect(readFile(predictionKeyFile(join(folder, "new")))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
