import { describe, expect, it } from "vitest";
import type { WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { createMemoryBucket, memoryObjectStore } from "../../stores/memory-object-store.ts";
import { predictionKey } from "../../stores/prediction-keys.ts";
import { newestPredictionHour, nextPredictionHour } from "../../stores/prediction-times.ts";
import { listThresholdChanges, putThresholdChange } from "../../stores/threshold-changes.ts";
import { getWindowReport, lastWindowReports, putWindowReport, readWindowReports, readWindowSeries } from "../../stores/window-reports.ts";

const hour = (n: number): string => new Date(Date.UTC(2013, 0, 31, 20) + n * 3_600_000).toISOString().replace(".000Z", "Z");
const metric = (name: string, rest: Partial<WindowMetric> = {}): WindowMetric => ({ group: "input", metric: name, subject: "distance", value: 0.1, low: null, high: null, p: null, reference: null, rows: 10, estimated: false, why: null, ...rest });
const place = { model: "rides", v: 1 };
const report = (n: number, metrics: readonly WindowMetric[]): Omit<WindowReport, "version" | "revision" | "writtenAt"> =>
  ({ pipeline: "rides", ...place, digest: "a".repeat(64), window: { from: hour(n), to: hour(n + 1) }, over: { from: hour(n - 6), to: hour(n + 1) }, rows: { base: n, over: 10 * n }, metrics, labels: null });
const at = "2026-01-01T00:00:00Z";

describe("window reports", () => {
  it("come back from their months' folds as they were written, however their figures differ", async () => {
    const store = memoryObjectStore();
    const written = [
      report(1, [metric("psi", { p: 0.5, reference: 0, low: 0.05, high: 0.2 }), metric("auc", { group: "quality", subject: null, value: null, why: "no labels yet", rows: 0 })]),
      report(2, [metric("null_share"), metric("psi", { value: null, why: "few rows" })]),
      report(9, [metric("auc", { group: "quality", subject: null, estimated: true }), metric("sql", { subject: "a title, with \"quotes\"" })]),
    ];
    for (const one of [written[1]!, written[2]!, written[0]!]) await putWindowReport(store, one, at);
    const all = await readWindowReports(store, place);
    expect(all.map(({ metrics, ...rest }) => ({ ...rest, metrics: new Set(metrics.map((one) => JSON.stringify(one))) }))).toEqual(written.map(({ metrics, ...rest }) => ({ ...rest, version: 1, revision: 1, writtenAt: at, metrics: new Set(metrics.map((one) => JSON.stringify(one))) })));
    expect((await readWindowReports(store, place, { from: hour(2) })).map(({ window }) => window.from)).toEqual([hour(2), hour(9)]);
    expect((await lastWindowReports(store, place, 2, hour(9))).map(({ window }) => window.from)).toEqual([hour(1), hour(2)]);
    expect(await readWindowSeries(store, place, ({ metric: name }) => name === "psi" || name === "auc")).toMatchObject({ windows: [{ from: hour(1) }, { from: hour(2) }, { from: hour(9) }], series: expect.arrayContaining([expect.objectContaining({ metric: "psi", values: [0.1, null, null] }), expect.objectContaining({ metric: "auc", values: [null, null, 0.1] })]) as unknown });
  });

  it("are restated under the next revision where they say something else, and left alone where not", async () => {
    const store = memoryObjectStore();
    await putWindowReport(store, report(1, [metric("psi")]), at);
    expect(await putWindowReport(store, report(1, [metric("psi")]), "2026-02-01T00:00:00Z")).toMatchObject({ revision: 1, writtenAt: at });
    expect(await putWindowReport(store, report(1, [metric("psi", { value: 0.2 })]), "2026-02-01T00:00:00Z")).toMatchObject({ revision: 2 });
    expect(await readWindowReports(store, place)).toEqual([await getWindowReport(store, place, hour(1))]);
  });

  it("of many writers at once are all in the fold", async () => {
    const { connect } = createMemoryBucket();
    const slow = { before: () => new Promise<void>((go) => setTimeout(go, 1)) };
    await Promise.all(Array.from({ length: 20 }, (_, n) => putWindowReport(connect(slow), report(n, [metric(`m${n}`)]), at)));
    expect(await readWindowReports(connect(), place)).toHaveLength(20);
  });

  it.each([["values", '"values":["0.1"]'], ["counts", '"counts":[-2]'], ["counts", '"counts":[0.5]'], ["p", '"p":{"0":null}'], ["low", '"low":[0.1]']])("refuse a fold whose %s are no figures: %s", async (key, spoilt) => {
    const store = memoryObjectStore();
    await putWindowReport(store, report(1, [metric("psi")]), at);
    const fold = "reports/rides/folds/1/2013-01.json";
    const text = new TextDecoder().decode((await store.get(fold))!.body);
    await store.put(fold, new TextEncoder().encode(text.replace(new RegExp(`"${key}":(\\[.*?\\]|\\{.*?\\})`), spoilt)));
    await expect(readWindowReports(store, place)).rejects.toThrow(key);
  });

  it("make a fold anew that cannot be read", async () => {
    const { connect, objects } = createMemoryBucket();
    const store = connect();
    for (const n of [1, 2]) await putWindowReport(store, report(n, [metric("psi")]), at);
    const [key] = [...objects.keys()].filter((one) => one.includes("/folds/"));
    await store.put(key!, new Uint8Array([1, 2, 3]));
    await putWindowReport(store, report(3, [metric("psi")]), at);
    expect((await readWindowReports(store, place)).map(({ window }) => window.from)).toEqual([1, 2, 3].map(hour));
  });

  it("keep every change of a threshold, and the same request once", async () => {
    const store = memoryObjectStore();
    const change = { metric: "psi", threshold: "off" as const, by: "ann", reason: "", at };
    await Promise.all([putThresholdChange(store, "rides", change), putThresholdChange(store, "rides", { ...change, metric: "auc" })]);
    await putThresholdChange(store, "rides", change);
    expect((await listThresholdChanges(store, "rides")).map(({ n }) => n)).toEqual([1, 2]);
  });
});

describe("the newest prediction", () => {
  it("is found wherever it lies, by some tens of listings, and not after now", async () => {
    for (const hours of [[0], [5, 6, 7], [0, 24 * 365 * 5], [3, 4, 1_000, 1_001, 100_000]]) {
      const { connect, objects } = createMemoryBucket();
      let listings = 0;
      const store = connect({ before: () => void listings++ });
      for (const n of hours) await store.put(predictionKey("rides", n * 3_600_000, "one"), new Uint8Array(1));
      const last = hours.at(-1)! * 3_600_000;
      listings = 0;
      expect(await newestPredictionHour(store, "rides", null, Date.UTC(2026, 0, 1))).toBe(last);
      expect(listings).toBeLessThan(60);
      expect(await newestPredictionHour(store, "rides", hours[0]! * 3_600_000, last - 1)).toBe(hours.length === 1 ? hours[0]! * 3_600_000 : hours.at(-2)! * 3_600_000);
      expect(await nextPredictionHour(store, "rides", last + 3_600_000)).toBeNull();
      expect(objects.size).toBe(hours.length);
    }
  });
});
