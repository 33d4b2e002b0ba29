import { describe, expect, it } from "vitest";
import { readSetThreshold, readWatch } from "../../policy/monitor-requests.ts";
import { baseWindowAt, pollMs, sinceSilence, spanOver, watermarkOf, windowsLookedBackOn, windowsOver } from "../../policy/monitor-windows.ts";
import { addLoad } from "../../policy/server-loads.ts";
import { thresholdsInForce } from "../../policy/thresholds-in-force.ts";

const clock = (every: string, over = "P7D", timezone = "UTC") => ({ every, over, timezone });

describe("base windows", () => {
  it("follow the calendar of the time zone by the day, whatever its clock does, and UTC by the hour", () => {
    const berlin = clock("P1D", "P7D", "Europe/Berlin");
    expect(baseWindowAt(berlin, "2013-03-31T12:00:00Z")).toEqual({ from: "2013-03-30T23:00:00Z", to: "2013-03-31T22:00:00Z" });
    expect(baseWindowAt(berlin, "2013-03-31T22:00:00Z").to).toBe("2013-04-01T22:00:00Z");
    expect(baseWindowAt(clock("PT6H"), "2013-03-01T07:15:00Z")).toEqual({ from: "2013-03-01T06:00:00Z", to: "2013-03-01T12:00:00Z" });
    expect(baseWindowAt(clock("PT1H", "P7D", "Asia/Kolkata"), "2013-03-01T07:15:00Z")).toEqual({ from: "2013-03-01T07:00:00Z", to: "2013-03-01T08:00:00Z" });
  });

  it.each(["P1D", "P7D", "P2W", "PT1H", "PT5H"])("of %s follow each other without a gap, and each time lies in one", (every) => {
    const berlin = clock(every, "P7D", "Europe/Berlin");
    let window = baseWindowAt(berlin, "2013-03-01T00:00:00Z");
    for (let i = 0; i < 300; i++) {
      const next = baseWindowAt(berlin, window.to);
      expect(next.from).toBe(window.to);
      expect(baseWindowAt(berlin, new Date(Date.parse(next.to) - 1).toISOString())).toEqual(next);
      window = next;
    }
  });

  it("have a span that ends with them and is never shorter", () => {
    expect(spanOver(clock("P1D", "P7D"), { from: "2013-03-07T00:00:00Z", to: "2013-03-08T00:00:00Z" })).toEqual({ from: "2013-03-01T00:00:00Z", to: "2013-03-08T00:00:00Z" });
    expect(spanOver(clock("P7D", "P1D"), { from: "2013-03-01T00:00:00Z", to: "2013-03-08T00:00:00Z" }).from).toBe("2013-03-01T00:00:00Z");
  });

  it("are over by the newest prediction; by the wall clock only close behind it", () => {
    const newest = Date.parse("2013-03-02T00:00:00Z");
    expect(watermarkOf("P1D", null, newest)).toBeNull();
    expect(watermarkOf("P1D", newest, Date.parse("2026-01-01T00:00:00Z"))).toBe(newest);
    expect(watermarkOf("P1D", newest, newest + 2 * 86_400_000)).toBe(newest + 1.9 * 86_400_000);
    expect(windowsOver(clock("P1D"), { cursor: null, next: null, watermark: newest, limit: 5 })).toEqual([]);
  });

  it("are judged with more before them than one span holds", () => {
    for (const [every, over, windows] of [["PT1H", "P7D", 168], ["PT1H", "P14D", 336], ["P1D", "P7D", 7], ["P1D", "P1Y", 365]] as const) expect(windowsLookedBackOn({ every, over })).toBeGreaterThan(windows);
  });

  it("look back on nothing of before a silence that was passed over", () => {
    const day = (n: number) => ({ window: { from: new Date(Date.UTC(2013, 2, n)).toISOString(), to: new Date(Date.UTC(2013, 2, n + 1)).toISOString() } });
    const earlier = [1, 2, 12, 13, 20].map(day);
    expect(sinceSilence(clock("P1D"), earlier, day(21).window)).toEqual([day(12), day(13), day(20)]);
    expect(sinceSilence(clock("P1D"), earlier, day(28).window)).toEqual([day(12), day(13), day(20)]);
    expect(sinceSilence(clock("P1D"), earlier, day(4_000).window)).toEqual([]);
    expect(sinceSilence(clock("P1D"), [], day(1).window)).toEqual([]);
  });

  it("are looked for every tenth of their length, between 5 s and 5 min", () => {
    expect([pollMs("PT1H"), pollMs("P1D"), pollMs("PT1S"), pollMs("PT20M")]).toEqual([300_000, 300_000, 5_000, 120_000]);
  });
});

describe("what people and workflows say to the watch", () => {
  it("is read whole or refused", () => {
    const by = "ann";
    expect(readSetThreshold([{ metric: " psi ", threshold: { above: 0.3, below: 0 }, by }])).toEqual({ metric: "psi", threshold: { above: 0.3, below: 0 }, by, reason: "" });
    expect(readSetThreshold([{ metric: "psi", threshold: null, by, reason: "why" }])).toEqual({ metric: "psi", threshold: null, by, reason: "why" });
    for (const threshold of ["on", {}, { above: "1" }, { above: NaN }, { above: 1, over: 2 }, undefined, 3]) expect(readSetThreshold([{ metric: "psi", threshold, by }])).toHaveProperty("problem");
    expect(readWatch([{ definition: { sha256: "a".repeat(64), bytes: 1, more: 2 } }])).toEqual({ sha256: "a".repeat(64), bytes: 1 });
    for (const args of [[], [null], [{ definition: { sha256: "a", bytes: 1 } }], [{ definition: { sha256: "a".repeat(64) } }]]) expect(readWatch(args)).toBeNull();
  });

  it("changes thresholds one over the other, until the definition's holds again", () => {
    const written = { psi: "auto", auc: { below: 0.6 } } as const;
    expect(thresholdsInForce(written, [])).toEqual(written);
    expect(thresholdsInForce(written, [{ metric: "psi", threshold: "off" }, { metric: "null_share", threshold: { above: 0.1 } }, { metric: "auc", threshold: "off" }, { metric: "auc", threshold: null }])).toEqual({ psi: "off", null_share: { above: 0.1 }, auc: { below: 0.6 } });
  });

  it("adds looks at the servers up", () => {
    const look = { looks: 1, servers: 2, rssBytes: 100, cpu: 1, queued: 0 };
    expect(addLoad(null, null)).toBeNull();
    expect(addLoad(addLoad(null, look), { ...look, cpu: 3, rssBytes: 50, queued: 7 })).toEqual({ looks: 2, servers: 2, rssBytes: 100, cpu: 2, queued: 7 });
  });
});
