import { describe, expect, it } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { openCommitLog, type CommitLogOptions } from "../../stores/commit-log.ts";
import { commitRules } from "../../stores/commit-rules.ts";
import { createMemoryBucket, type StoreFaults } from "../../stores/memory-object-store.ts";
import { appendMany, brokenLinks, registration } from "./log-samples.ts";

const quick: CommitLogOptions = { sleep: async () => {} };
const lost = () => new RelearnError("StoreUnavailable", "the reply was lost");
const isEntry = (key: string) => key.includes("/log/");

describe("what a writer makes of the store's answers", () => {
  it("is done only after a 2xx, repeats a 409, and looks after everything else", () => {
    expect(["stored", "conflict", "exists", "unknown"].map((report) => commitRules.afterPut(report as "stored"))).toEqual(["done", "again", "look", "look"]);
  });

  it("takes an entry of its own transaction for success, a free number for a retry, another's for the next number", () => {
    expect([commitRules.afterLook({ txn: "mine" }, "mine"), commitRules.afterLook(null, "mine"), commitRules.afterLook({ txn: "other" }, "mine")]).toEqual(["done", "again", "taken"]);
  });
});

describe("the commit log", () => {
  it("numbers entries from 1, links each to the bytes of the one before, and dates none before it", async () => {
    const bucket = createMemoryBucket();
    const clocks = ["2013-03-01T10:00:00Z", "2013-03-01T09:00:00Z", "2013-03-01T11:00:00Z"];
    const log = openCommitLog(bucket.connect(), "m", { now: () => new Date(clocks.shift()!) });
    await appendMany(log, 3);
    expect((await brokenLinks(bucket.connect(), "m")).problems).toEqual([]);
    expect([1, 2, 3].map((n) => log.entry(n))).toHaveLength(3);
    expect((await log.summaries()).map((summary) => summary.at)).toEqual(["2013-03-01T10:00:00.000Z", "2013-03-01T10:00:00.000Z", "2013-03-01T11:00:00.000Z"]);
  });

  it("writes a transaction once, whatever was lost on the way", async () => {
    for (const when of ["before", "after"] as const) {
      for (const nth of [0, 1]) {
        const bucket = createMemoryBucket();
        let puts = 0;
        const fail = (operation: string, key: string) => {
          if (operation === "put" && isEntry(key) && puts++ === nth) throw lost();
        };
        const log = openCommitLog(bucket.connect({ [when]: fail } as StoreFaults), "m", quick);
        await appendMany(log, 3);
        expect(await brokenLinks(bucket.connect(), "m")).toEqual({ problems: [], txns: ["t0", "t1", "t2"] });
      }
    }
  });

  it("finds its own entry again in another process, however far back it lies", async () => {
    const bucket = createMemoryBucket();
    await appendMany(openCommitLog(bucket.connect(), "m"), 600);
    expect(await openCommitLog(bucket.connect(), "m").append(registration("t3"))).toMatchObject({ repeated: true, entry: { n: 4 } });
  });

  it("lets 20 writers extend one log at once without losing an entry", async () => {
    const bucket = createMemoryBucket();
    await Promise.all(Array.from({ length: 20 }, (_, w) => appendMany(openCommitLog(bucket.connect(), "m", quick), 5, `w${w}.`)));
    const { problems, txns } = await brokenLinks(bucket.connect(), "m");
    expect(problems).toEqual([]);
    expect(txns).toHaveLength(100);
  });

  it("says that an outcome is unknown, and succeeds when it is called again", async () => {
    const bucket = createMemoryBucket();
    let down = false;
    const store = bucket.connect({
      after: (operation, key) => { if (operation === "put" && isEntry(key)) { down = true; throw lost(); } },
      before: (operation) => { if (down && operation === "get") throw lost(); },
    });
    await expect(openCommitLog(store, "m", quick).append(registration("t"))).rejects.toMatchObject({ type: "StoreUnavailable" });
    expect(await openCommitLog(bucket.connect(), "m").append(registration("t"))).toMatchObject({ repeated: true, entry: { n: 1 } });
  });

  it("gives up after its attempts when the store keeps answering 409", async () => {
    const store = { ...createMemoryBucket().connect(), put: async () => ({ outcome: "conflict" }) as const };
    await expect(openCommitLog(store, "m", { ...quick, attempts: 3 }).append(registration("t"))).rejects.toMatchObject({ type: "StoreUnavailable", message: expect.stringContaining("at most once") as string });
  });

  it("does not count a failure to write the head or a fold as the caller's", async () => {
    const bucket = createMemoryBucket();
    const store = bucket.connect({ before: (operation, key) => { if (operation === "put" && !isEntry(key)) throw lost(); } });
    await appendMany(openCommitLog(store, "m"), 257);
    expect([...bucket.objects.keys()].every(isEntry)).toBe(true);
    await appendMany(openCommitLog(bucket.connect(), "m"), 1, "next");
    expect([...bucket.objects.keys()].filter((key) => !isEntry(key))).toEqual(["models/m/folds/00000000000000000256.json", "models/m/head.json"]);
  });

  it("stops at an abort signal without leaving anything behind", async () => {
    const bucket = createMemoryBucket();
    const request = { ...registration("t"), signal: AbortSignal.abort(new Error("cancelled")) };
    await expect(openCommitLog(bucket.connect(), "m").append(request)).rejects.toThrow("cancelled");
    expect(bucket.objects.size).toBe(0);
  });

  it("refuses to go on from an entry that was changed", async () => {
    const bucket = createMemoryBucket();
    await appendMany(openCommitLog(bucket.connect(), "m"), 3);
    const key = [...bucket.objects.keys()].find((name) => name.endsWith("0002.json"))!;
    const text = new TextDecoder().decode(bucket.objects.get(key)!.body).replace("sample", "simple");
    bucket.objects.set(key, { ...bucket.objects.get(key)!, body: new TextEncoder().encode(text) });
    await expect(openCommitLog(bucket.connect(), "m").append(registration("t"))).rejects.toMatchObject({ type: "Corrupt", message: expect.stringContaining("relearn verify") as string });
  });

  it("never relies on a listing", async () => {
    const bucket = createMemoryBucket();
    const log = openCommitLog(bucket.connect({ listed: () => [], before: (operation) => { if (operation === "list") throw new Error("no listing"); } }), "m");
    await appendMany(log, 300);
    expect((await log.tip())?.entry.n).toBe(300);
  });
});

describe("reading a log of 10,000 entries", () => {
  const hour = 3_600_000;
  const start = Date.parse("2013-01-01T00:00:00Z");
  const bucket = createMemoryBucket();
  const filled = (async () => {
    let n = 0;
    const log = openCommitLog(bucket.connect(), "m", { now: () => new Date(start + hour * n++) });
    await appendMany(log, 10_000);
  })();

  /** A fresh process, and how many requests it made. */
  const open = () => {
    const calls = { count: 0 };
    return { log: openCommitLog(bucket.connect({ before: () => void calls.count++ }), "m"), calls };
  };

  it("finds the newest entry in 3 reads", async () => {
    await filled;
    const { log, calls } = open();
    expect((await log.tip())?.entry.n).toBe(10_000);
    expect(calls.count).toBeLessThanOrEqual(3);
    await log.tip();
    expect(calls.count).toBeLessThanOrEqual(4);
  });

  it("finds it without the head, with an old one and with one that lies", async () => {
    await filled;
    const head = bucket.objects.get("models/m/head.json")!;
    for (const said of [null, "{}", '{"version":1,"n":4000,"hash":"x"}', `{"hash":"${"0".repeat(64)}","n":4000,"version":1}`, `{"hash":"${"0".repeat(64)}","n":99999,"version":1}`]) {
      if (said === null) bucket.objects.delete("models/m/head.json");
      else bucket.objects.set("models/m/head.json", { ...head, body: new TextEncoder().encode(said) });
      const { log, calls } = open();
      expect((await log.tip())?.entry.n, String(said)).toBe(10_000);
      expect(calls.count).toBeLessThan(40);
    }
    bucket.objects.set("models/m/head.json", head);
  });

  it("finds the entry in force at any instant in 6 reads, or a few more past the last fold", async () => {
    await filled;
    for (const n of [1, 2, 255, 256, 257, 5_000, 9_983, 9_984, 9_985, 9_999, 10_000]) {
      const { log, calls } = open();
      const at = new Date(start + hour * (n - 1) + 1).toISOString();
      expect((await log.at(at))?.entry.n, at).toBe(n);
      expect(calls.count).toBeLessThanOrEqual(n >= 9_984 ? 10 : 6);
    }
    expect(await open().log.at("2012-12-31T23:59:59Z")).toBeNull();
    expect((await open().log.at("2013-01-01T00:00:00Z"))?.entry.n).toBe(1);
  });

  it("finds it without folds too", async () => {
    await filled;
    const folds = [...bucket.objects].filter(([key]) => key.includes("/folds/"));
    for (const [key] of folds) bucket.objects.delete(key);
    const { log, calls } = open();
    expect((await log.at(new Date(start + hour * 7_776).toISOString()))?.entry.n).toBe(7_777);
    expect(calls.count).toBeLessThan(25);
    for (const [key, fold] of folds) bucket.objects.set(key, fold);
  });

  it("learns every transaction from folds", async () => {
    await filled;
    const { log, calls } = open();
    expect((await log.summaries()).map((summary) => summary.n)).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
    expect(calls.count).toBeLessThan(70);
  });

  it("tells its history newest first, from anywhere", async () => {
    await filled;
    const numbers: number[] = [];
    for await (const { entry } of open().log.history({ before: 6_000 })) {
      numbers.push(entry.n);
      if (numbers.length === 40) break;
    }
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => 5_999 - i));
  });
});

describe("following a log", () => {
  it("gives each entry once, in order, through an outage, until it is told to stop", async () => {
    const bucket = createMemoryBucket();
    let calls = 0;
    const reader = openCommitLog(bucket.connect({ before: () => { if (++calls % 3 === 0) throw lost(); } }), "m");
    const writer = openCommitLog(bucket.connect(), "m");
    await appendMany(writer, 3, "a");
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const { entry } of reader.follow({ after: 1, everyMs: 1, signal: stop.signal })) if (seen.push(entry.n) === 5) stop.abort();
    })();
    await appendMany(writer, 3, "b");
    await following;
    expect(seen).toEqual([2, 3, 4, 5, 6]);
  });
});
