import { describe, expect, it } from "vitest";
import { createJudgeWindows } from "../../activities/monitor/judge-windows.ts";
import type { JudgeInput } from "../../activities/contract.ts";
import type { Alarm } from "../../schemas/alarm.ts";
import type { WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { listAlarms } from "../../stores/alarms.ts";
import { putThresholdChange } from "../../stores/threshold-changes.ts";
import { getWindowReport, readWindowReports } from "../../stores/window-reports.ts";
import { model, type MonitorStage, monitorStage } from "./monitor-stage.ts";

const day = (n: number): string => `2013-03-0${n}T00:00:00Z`;
const base = (n: number) => ({ from: day(n), to: day(n + 1) });
const find = ({ metrics }: WindowReport, metric: string, subject: string | null = null, group?: string): WindowMetric | undefined => metrics.find((one) => one.metric === metric && one.subject === subject && (group === undefined || one.group === group));
const observe = ({ observeWindows, definition }: MonitorStage, n: number) => observeWindows({ pipeline: model, definition, windows: [base(n)], labelled: [], until: null, load: null });
const reportOf = async ({ store }: MonitorStage, n: number): Promise<WindowReport> => (await getWindowReport(store, { model, v: 1 }, day(n)))!;

describe("base windows", () => {
  it("are over once a prediction of a later hour is there, whatever the wall clock says, and at most so many at a time", async () => {
    const stage = await monitorStage();
    const close = (cursor: string | null, limit = 10) => stage.closeWindows({ pipeline: model, definition: stage.definition, cursor, newest: null, limit });
    expect(await close(null)).toMatchObject({ windows: [], watermark: null });
    await stage.ask("2013-03-01T10:00:00Z", 1);
    expect(await close(null)).toMatchObject({ windows: [], watermark: "2013-03-01T10:00:00.000Z" });
    await stage.ask("2013-03-03T23:00:00Z", 1);
    expect((await close(null)).windows).toEqual([base(1), base(2)]);
    expect((await close(null, 1)).windows).toEqual([base(1)]);
    await stage.ask("2013-03-04T00:00:00Z", 1);
    expect((await close(base(2).to)).windows).toEqual([base(3)]);
    expect((await close(base(3).to)).windows).toEqual([]);
  });

  it("pass over a silence longer than a span, and are closed by the wall clock only where the model was served of late", async () => {
    let now = "2026-01-02T00:00:00.000Z";
    const stage = await monitorStage({ every: "PT1H", over: "PT6H" }, { now: () => now });
    const close = (cursor: string | null) => stage.closeWindows({ pipeline: model, definition: stage.definition, cursor, newest: null, limit: 100 });
    await stage.ask("2013-03-01T00:00:00Z", 1);
    await stage.ask("2013-03-01T03:30:00Z", 1);
    await stage.ask("2014-07-01T05:30:00Z", 1);
    await stage.ask("2014-07-01T06:30:00Z", 1);
    expect((await close(null)).windows.map(({ from }) => from.slice(11, 13))).toEqual(["00", "01", "02", "03", "04", "05"]);
    expect((await close("2013-03-01T06:00:00Z")).windows).toEqual([{ from: "2014-07-01T05:00:00Z", to: "2014-07-01T06:00:00Z" }]);
    now = "2014-07-01T08:07:00Z";
    expect((await close("2014-07-01T06:00:00Z")).windows.map(({ to }) => to)).toEqual(["2014-07-01T07:00:00Z", "2014-07-01T08:00:00Z"]);
  });
});

describe("a window's report", () => {
  it("tells how it served, what it was asked beside the training data, and what it answered beside its holdout", async () => {
    const stage = await monitorStage({ inputs: { "missing distance": "avg((distance is null)::int)", broken: "avg(no_such_column)" }, outputs: { "sent to a human": "avg((score between 0.2 and 0.3)::int)" }, seasonal: ["hour"] });
    await stage.ask("2013-03-01T10:00:00Z", 600);
    await stage.ask("2013-03-01T11:00:00Z", 20, { error: "InferenceLimit" });
    const { reports, problems } = await observe(stage, 1);
    expect(problems).toEqual([]);
    expect(reports).toMatchObject([{ v: 1, revision: 1, rows: { base: 620, over: 620 }, quality: { metric: "auc", value: expect.closeTo(0.75, 1) as number, estimated: true } }]);
    const report = await reportOf(stage, 1);
    expect(report).toMatchObject({ pipeline: model, digest: stage.digest, window: base(1), over: { from: "2013-02-23T00:00:00Z", to: day(2) }, labels: { labelled: 0, delay: null } });
    expect(find(report, "error_share")).toMatchObject({ group: "software", value: 20 / 620, rows: 620 });
    expect(find(report, "p50_ms")?.value).toBe(5.5);
    expect(find(report, "requests_per_s")?.value).toBeCloseTo(620 / 86_400, 12);
    expect(find(report, "freshness_s")?.value).toBeCloseTo(13 * 3_600 - 0.019, 3);
    expect(find(report, "psi", "distance")).toMatchObject({ group: "input", rows: 620, why: null });
    expect(find(report, "psi", "distance")!.value).toBeLessThan(0.1);
    expect(find(report, "psi", "hour")).toBeUndefined();
    expect(find(report, "null_share", "hour")).toMatchObject({ value: 0, reference: 0 });
    expect(find(report, "psi", "income")).toMatchObject({ value: null, why: expect.stringContaining("private") as string });
    expect(find(report, "sql", "missing distance")).toMatchObject({ group: "input", value: 0 });
    expect(find(report, "sql", "broken")).toMatchObject({ value: null, why: expect.stringContaining("no_such_column") as string });
    expect(find(report, "sql", "sent to a human")).toMatchObject({ group: "output", value: 0.5 });
    expect(find(report, "mean_score")).toMatchObject({ group: "output", value: 0.5, reference: 0.5 });
    expect(find(report, "confidence")?.value).toBe(0.75);
    expect(find(report, "psi", null, "output")!.value).toBeLessThan(0.001);
    expect(find(report, "label_share", "1")?.value).toBe(0.5);
  });

  it("shows what moved: a shift, nulls, values out of range, a carrier that was never seen, other answers", async () => {
    const stage = await monitorStage();
    await stage.ask("2013-03-01T10:00:00Z", 600, { distance: "case when i % 10 = 0 then null when i % 10 = 1 then -5 else 18 end", carrier: "case when i % 4 = 0 then 'ZZ' else 'UA' end", score: "0.95" });
    await observe(stage, 1);
    const report = await reportOf(stage, 1);
    expect(find(report, "null_share", "distance")).toMatchObject({ value: 0.1, reference: 0 });
    expect(find(report, "out_of_range_share", "distance")?.value).toBe(0.1);
    expect(find(report, "unseen_share", "carrier")).toMatchObject({ value: 0.25, reference: 0 });
    expect(find(report, "psi", "distance")!.value).toBeGreaterThan(1);
    expect(find(report, "psi", null, "output")!.value).toBeGreaterThan(1);
  });

  it("tells another unit at once, while most of the span still has the old one", async () => {
    const stage = await monitorStage({ over: "P3D", minRows: 100 });
    for (const n of [1, 2]) await stage.ask(`2013-03-0${n}T10:00:00Z`, 4_000);
    await stage.ask("2013-03-03T10:00:00Z", 4_000, { distance: "((hash(i) % 200) / 10.0) * 1.609" });
    for (const n of [1, 2, 3]) await observe(stage, n);
    expect(find(await reportOf(stage, 2), "broken", "distance")).toMatchObject({ value: 0 });
    expect(find(await reportOf(stage, 3), "broken", "distance")).toMatchObject({ value: 1, why: expect.stringMatching(/multiplied by 1\.[67].*was its unit changed/) as string });
  });

  it("covers the rolling span by merging what each window counted, and reads no row twice", async () => {
    const stage = await monitorStage({ over: "P2D" }, { quality: async () => ({ metrics: [], labels: null }) });
    for (const n of [1, 2, 3]) await stage.ask(`2013-03-0${n}T10:00:00Z`, 100 * n);
    for (const n of [1, 2, 3]) await observe(stage, n);
    expect((await reportOf(stage, 3)).rows).toEqual({ base: 300, over: 500 });
    expect(await readWindowReports(stage.store, { model, v: 1 })).toEqual(await Promise.all([1, 2, 3].map((n) => reportOf(stage, n))));
    const reads: string[] = [];
    const download = stage.store.download;
    stage.store.download = async (key, ...rest) => {
      reads.push(key);
      return download(key, ...rest);
    };
    await stage.ask("2013-03-04T10:00:00Z", 10);
    await observe(stage, 4);
    await observe(stage, 4);
    expect(reads).toHaveLength(1);
    expect((await reportOf(stage, 4)).revision).toBe(1);
  });

  it("of a window without a row says so of the champion", async () => {
    const stage = await monitorStage();
    const { reports } = await observe(stage, 1);
    expect(reports).toMatchObject([{ v: 1, rows: { base: 0, over: 0 }, worst: null }]);
    expect(find(await reportOf(stage, 1), "psi", "distance")).toMatchObject({ value: null, why: "there were no rows" });
  });
});

describe("what comes late", () => {
  it("restates its window and every later span that covers it, once", async () => {
    const stage = await monitorStage({ over: "P2D" });
    for (const n of [1, 2, 3, 4]) await stage.ask(`2013-03-0${n}T10:00:00Z`, 100);
    for (const n of [1, 2, 3]) await observe(stage, n);
    await stage.ask("2013-03-02T12:00:00Z", 50, { name: "late" });
    const found = await stage.lateWindows({ pipeline: model, definition: stage.definition, cursor: day(4), seen: new Date().toISOString() });
    expect(found).toMatchObject({ windows: [base(2), base(3)], labelled: [] });
    const restated = await stage.observeWindows({ pipeline: model, definition: stage.definition, windows: found.windows, labelled: [], until: day(4), load: null });
    expect(restated.reports.map(({ window, revision, rows }) => [window.from, revision, rows.over])).toEqual([[day(2), 2, 250], [day(3), 2, 250]]);
    expect((await stage.observeWindows({ pipeline: model, definition: stage.definition, windows: found.windows, labelled: [], until: day(4), load: null })).reports).toEqual([]);
  });

  it("finds the windows that labels are about by the ids of their predictions", async () => {
    const stage = await monitorStage({ over: "P2D" });
    for (const n of [1, 2]) await stage.ask(`2013-03-0${n}T10:00:00Z`, 10, { ids: `id${n}` });
    for (const n of [1, 2]) await observe(stage, n);
    await stage.feedback("2026-01-02T00:00:00Z", ["id2-3", "elsewhere"]);
    const found = await stage.lateWindows({ pipeline: model, definition: stage.definition, cursor: day(3), seen: "2026-01-01T00:00:00Z" });
    expect(found.labelled).toEqual([base(2)]);
    expect(found.seen > "2026-01-01").toBe(true);
    // They are told of once, though each look goes back a little in time; what comes meanwhile is told.
    const again = () => stage.lateWindows({ pipeline: model, definition: stage.definition, cursor: day(3), seen: found.seen, told: found.told });
    expect((await again()).labelled).toEqual([]);
    await stage.feedback(new Date().toISOString(), ["id1-3"]);
    expect((await again()).labelled).toEqual([base(1)]);
  });
});

describe("training and serving", () => {
  it("are held against each other row by row, once the data of a window has been prepared, and what differs alarms", async () => {
    const stage = await monitorStage({ over: "P2D", minRows: 100 });
    await stage.ask("2013-03-01T10:00:00Z", 200, { keyed: true, distance: "case when i % 10 = 0 then -1 when i % 10 = 1 then null else i / 10.0 end" });
    await stage.ask("2013-03-02T10:00:00Z", 200);
    for (const n of [1, 2]) await observe(stage, n);
    expect(find(await reportOf(stage, 2), "skew_share", "distance")).toBeUndefined();
    const look = (snapshot: string | null) => stage.lateWindows({ pipeline: model, definition: stage.definition, cursor: day(3), seen: "2030-01-01T00:00:00Z", snapshot });
    expect(await look(null)).toMatchObject({ labelled: [], snapshot: null });
    await stage.accept(day(1), 190, "case when i % 10 = 1 then 'nan'::double else i / 10.0 end");
    const found = await look(null);
    expect(found).toMatchObject({ windows: [], labelled: [base(1)] });
    const { reports } = await stage.observeWindows({ pipeline: model, definition: stage.definition, windows: [], labelled: found.labelled, until: day(3), load: null });
    expect(reports.map(({ window, revision }) => [window.from, revision])).toEqual([[day(1), 2], [day(2), 2]]);
    // Row 0 is -1 as served and 0 as prepared, and so on: every tenth.
    expect(find(await reportOf(stage, 2), "skew_share", "distance")).toMatchObject({ group: "input", value: 0.1, rows: 190 });
    expect(find(await reportOf(stage, 2), "skew_share", "carrier")).toMatchObject({ value: 0 });
    expect((await createJudgeWindows({ store: stage.store, workflows: {} as never })({ pipeline: model, definition: stage.definition, reports: [{ v: 1, window: base(1) }], open: {}, restated: true })).alarms.map(({ kind }) => kind)).toContain("skew");
    expect(await look(found.snapshot ?? null)).toMatchObject({ labelled: [] });
    expect(await look(null)).toMatchObject({ labelled: [] });
  });
});

describe("a judgement", () => {
  it("is made of each report by the thresholds in force, keeps each alarm once, and closes nothing by a report that is told anew", async () => {
    const stage = await monitorStage({ over: "P1D", minRows: 100, thresholds: { psi: { above: 0.3 } } });
    for (const n of [1, 3, 4]) await stage.ask(`2013-03-0${n}T10:00:00Z`, 200);
    await stage.ask("2013-03-02T10:00:00Z", 200, { distance: "19.5" });
    for (const n of [1, 2, 3, 4]) await observe(stage, n);
    const judge = createJudgeWindows({ store: stage.store, workflows: {} as never });
    const ask = (reports: readonly number[], open: JudgeInput["open"] = {}, restated = false) => judge({ pipeline: model, definition: stage.definition, reports: reports.map((n) => ({ v: 1, window: base(n) })), open, restated });
    const first = await ask([1, 2]);
    expect(first).toMatchObject({ open: { 1: { "data-drift psi distance": 0 } }, alarms: [{ v: 1, kind: "data-drift", at: day(3), window: base(2) }] });
    expect((await ask([2])).alarms).toEqual(first.alarms);
    expect((await ask([3, 4], first.open)).open).toEqual({ 1: {} });
    expect((await ask([3, 4], first.open, true)).open).toEqual(first.open);
    await putThresholdChange(stage.store, model, { metric: "psi", threshold: { above: 100 }, by: "ann", reason: "", at: day(1) });
    expect((await ask([2])).alarms).toEqual([]);
    const kept: Alarm[] = [];
    for await (const alarm of listAlarms(stage.store, model)) kept.push(alarm);
    expect(kept).toMatchObject([{ id: first.alarms[0]!.id, proposal: "retrain", evidence: [{ metric: "psi", subject: "distance", limit: 0.3 }] }]);
  });
});

describe("an object that cannot be read", () => {
  it("is left out and told, and the others are counted", async () => {
    const stage = await monitorStage();
    await stage.ask("2013-03-01T10:00:00Z", 100);
    await stage.store.put("predictions/rides/date=2013-03-01/hour=11/bad.parquet", new Uint8Array(100));
    const { reports, problems } = await observe(stage, 1);
    expect(reports).toMatchObject([{ rows: { base: 100 } }]);
    expect(problems).toEqual([expect.stringMatching(/hour=11\/bad\.parquet cannot be read and is left out/)]);
  });

  it("and rows of a version that the log does not know are told too", async () => {
    const stage = await monitorStage();
    await stage.ask("2013-03-01T10:00:00Z", 100);
    const other = await monitorStage();
    for await (const { key } of stage.store.list("predictions/")) await other.store.put(key, (await stage.store.get(key))!.body);
    expect((await observe(other, 1)).problems).toEqual([]);
    const strange = await monitorStage({}, { name: "others" });
    for await (const { key } of stage.store.list("predictions/")) await strange.store.put(key.replace("rides", "strangers"), (await stage.store.get(key))!.body);
    expect((await strange.observeWindows({ pipeline: "strangers", definition: strange.definition, windows: [base(1)], labelled: [], until: null, load: null })).problems).toEqual([expect.stringMatching(/^version 1 with model [0-9a-f]{12} is said to have answered \(rows: 100\), and/)]);
  });
});
