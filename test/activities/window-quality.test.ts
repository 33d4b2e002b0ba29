import { describe, expect, it } from "vitest";
import { getWindowReport } from "../../stores/window-reports.ts";
import type { WindowReport } from "../../schemas/window-report.ts";
import { readDefinition } from "../../activities/support/read-definition.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { getBaseWindow } from "../../stores/base-windows.ts";
import { model, monitorStage, type MonitorStage } from "./monitor-stage.ts";

const day = { from: "2013-03-01T00:00:00Z", to: "2013-03-02T00:00:00Z" };
const rows = 600;

async function observed(stage: MonitorStage, more: object = {}): Promise<WindowReport> {
  await stage.observeWindows({ pipeline: model, definition: stage.definition, windows: [day], labelled: [], until: null, load: null, ...more });
  return (await getWindowReport(stage.store, { model, v: 1 }, day.from))!;
}

const asked = async (monitors: object = {}): Promise<MonitorStage> => {
  const stage = await monitorStage(monitors);
  await stage.ask("2013-03-01T10:00:00Z", rows);
  return stage;
};
const ids = (of: (i: number) => boolean): string[] => Array.from({ length: rows }, (_, i) => i).filter(of).map((i) => `2013-03-01T10:00:00Z-${i}`);
const quality = ({ metrics }: WindowReport, metric: string, estimated: boolean) => metrics.find((one) => one.group === "quality" && one.metric === metric && one.subject === null && one.estimated === estimated);

describe("how right a version was", () => {
  it("is what is expected of its scores before labels come, and never counts a missing label as anything", async () => {
    const report = await observed(await asked());
    expect(report.labels).toEqual({ rows, labelled: 0, delay: null });
    expect(quality(report, "accuracy", false)).toBeUndefined();
    expect(quality(report, "accuracy", true)).toMatchObject({ value: expect.closeTo(0.75, 9) as number, rows });
    expect(quality(report, "auc", true)!.value).toBeGreaterThan(0.7);
  });

  it("is measured once labels are there, by the label that was received last, and replaces the estimate", async () => {
    const stage = await asked();
    // Odd rows score 0.75 and even ones 0.25: three of four come true. First everything is said to be 1, then the even rows are corrected.
    await stage.feedback("2013-03-03T00:00:00Z", ids(() => true), "1");
    await stage.feedback("2013-03-04T00:00:00Z", ids((i) => i % 2 === 0 && i % 8 !== 0), "0");
    await stage.feedback("2013-03-04T01:00:00Z", ids((i) => i % 2 === 1 && i % 8 === 1), "0");
    await stage.feedback("2013-03-04T02:00:00Z", ["2013-03-01T10:00:00Z-999999", "another"], "1");
    const report = await observed(stage);
    expect(report.labels).toMatchObject({ rows, labelled: rows });
    expect(report.labels!.delay!.p50 / 86_400).toBeCloseTo(2.58, 1);
    expect(quality(report, "accuracy", true)).toBeUndefined();
    expect(quality(report, "accuracy", false)).toMatchObject({ value: 0.75, rows, low: expect.any(Number) as number });
    expect(quality(report, "error_rise", false)).toMatchObject({ value: 0 });
    expect(quality(report, "calibration_shift", false)).toMatchObject({ value: 0, p: 1 });
  });

  it("stands beside the estimate while labels are few, and says nothing while they are too few", async () => {
    const stage = await asked();
    await stage.feedback("2013-03-03T00:00:00Z", ids((i) => i < 250), "1");
    const report = await observed(stage);
    expect([quality(report, "accuracy", false)?.rows, quality(report, "accuracy", true)?.rows]).toEqual([250, rows]);
    const few = await asked();
    await few.feedback("2013-03-03T00:00:00Z", ids((i) => i < 199), "1");
    expect(quality(await observed(few), "accuracy", false)).toBeUndefined();
  });

  it("is told of the slices that the definition has now, also of windows that were counted before it had them", async () => {
    const stage = await asked();
    await stage.feedback("2013-03-03T00:00:00Z", ids(() => true), "1");
    const subjects = ({ metrics }: WindowReport) => [...new Set(metrics.filter(({ group, estimated }) => group === "quality" && !estimated).map(({ subject }) => subject))];
    expect(subjects(await observed(stage))).toEqual([null]);
    const before = (await getBaseWindow(stage.store, model, 1, day.from))!;
    const slices = { Early: "hour < 6", early: "hour < 12", broken: "error(carrier)", unknown: "nothing = 1" };
    const definition = await putJsonBlob(stage.store, { ...(await readDefinition(stage.store, stage.definition)), minRows: 100, slices });
    const report = await observed(stage, { definition, windows: [], labelled: [day], until: day.to });
    expect(subjects(report)).toEqual([null, "Early", "early"]);
    expect(report.metrics.filter(({ metric }) => metric === "accuracy").map(({ rows: n }) => n)).toEqual([rows, rows / 4, rows / 2]);
    const after = (await getBaseWindow(stage.store, model, 1, day.from))!;
    expect([before.answers!.slices, after.answers!.slices, after.objects]).toEqual([[], ["Early", "early"], before.objects]);
    // Where the log has gone since, what is known of its answers stands.
    for await (const { key } of stage.store.list(`predictions/${model}/`)) await stage.store.remove(key);
    const gone = await putJsonBlob(stage.store, { ...(await readDefinition(stage.store, definition)), slices: { late: "hour > 12" } });
    expect(quality(await observed(stage, { definition: gone, windows: [], labelled: [day], until: day.to }), "accuracy", false)).toMatchObject({ rows });
  });

  it("tells that errors have risen, and since when", async () => {
    const stage = await asked();
    await stage.feedback("2013-03-03T00:00:00Z", ids((i) => (i % 2 === 1) === i < 300), "1");
    await stage.feedback("2013-03-03T00:00:01Z", ids((i) => (i % 2 === 1) !== i < 300), "0");
    const report = await observed(stage);
    expect(quality(report, "error_rise", false)).toMatchObject({ value: expect.any(Number) as number, why: expect.stringMatching(/the mean error was 0.* over the first \d+ rows, and .* since/) as string });
    expect(quality(report, "error_rise", false)!.value).toBeGreaterThan(0.5);
  });
});
