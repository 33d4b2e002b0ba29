import { describe, expect, it } from "vitest";
import { changeOf } from "../../policy/change-of.ts";
import { isDataDoubted } from "../../policy/is-data-doubted.ts";
import { judgeWindow, type OpenFindings, passedBy } from "../../policy/judge-window.ts";
import { type Monitors, monitors } from "../../schemas/monitors.ts";
import type { WindowMetric, WindowReport } from "../../schemas/window-report.ts";

const dayMs = 86_400_000;
const at = (day: number): string => new Date(Date.UTC(2026, 0, 1) + day * dayMs).toISOString();
const figure = (group: WindowMetric["group"], metric: string, value: number | null, more: Partial<WindowMetric> = {}): WindowMetric => ({ group, metric, subject: null, value, low: null, high: null, p: null, reference: null, rows: 1_000, estimated: false, why: null, ...more });
const report = (day: number, metrics: readonly WindowMetric[], rows = 1_000, span = 1): WindowReport => ({
  version: 1, pipeline: "p", model: "p", v: 1, digest: "a".repeat(64), window: { from: at(day), to: at(day + 1) }, over: { from: at(day + 1 - span), to: at(day + 1) }, revision: 1, writtenAt: at(day), rows: { base: rows, over: rows * span }, metrics, labels: null,
});
const settings = (more: Partial<Monitors> = {}): Monitors => monitors.parse({ every: "P1D", over: "P1D", ...more });

/** Judges days one after the other. */
function judged(days: readonly (readonly WindowMetric[])[], more: Partial<Monitors> = {}, rows: readonly number[] = []) {
  const reports = days.map((metrics, day) => report(day, metrics, rows[day] ?? 1_000));
  let open: OpenFindings | undefined;
  return reports.map((one, day) => {
    const said = judgeWindow({ settings: settings(more), report: one, history: reports.slice(0, day), open });
    open = said.open;
    return said;
  });
}
const kindsOf = (days: ReturnType<typeof judged>): readonly (readonly string[])[] => days.map(({ alarms }) => alarms.map(({ kind }) => kind));
const moved = (psi: number, p = 1e-9): WindowMetric[] => [figure("input", "psi", psi, { subject: "x", p })];

describe("an alarm", () => {
  it("wants an effect and evidence, is raised once, lasts below its limit and clears after two quiet windows", () => {
    expect(kindsOf(judged([moved(0.19), moved(0.5, 0.01), moved(0.5), moved(0.3), moved(0.17), moved(0.1), moved(0.3), moved(0.1), moved(0.1), moved(0.3)]))).toEqual([[], [], ["data-drift"], [], [], [], [], [], [], ["data-drift"]]);
  });

  it("is raised by no span of too few rows, nor by one that was not watched from its start", () => {
    expect(judged([moved(0.5)], { minRows: 5_000 })[0]!.alarms).toEqual([]);
    const partly = (day: number) => judgeWindow({ settings: settings(), report: report(day, moved(0.5), 1_000, 7), history: [0, 1].map((one) => report(one, [], 1_000, 7)), open: undefined }).alarms.length;
    expect([partly(5), partly(6)]).toEqual([0, 1]);
  });

  it("of what is broken, or fails, is raised from a version's first window on", () => {
    const first = (...metrics: WindowMetric[]) => judgeWindow({ settings: settings(), report: report(9, metrics, 1_000, 7), history: [], open: undefined }).alarms.map(({ kind }) => kind);
    expect(first(figure("input", "out_of_range_share", 0.9, { subject: "x" }))).toEqual(["broken-data"]);
    expect(first(figure("input", "null_share", 0.9, { subject: "x", reference: 0 }))).toEqual(["broken-data"]);
    expect(first(figure("software", "error_share", 0.5))).toEqual(["service"]);
    expect(first(figure("input", "out_of_range_share", 0.2, { subject: "x" })), "a part of a week may well be strange").toEqual([]);
  });

  it("of broken data blocks, asks for a repair, and says nothing of the column's drift", () => {
    const nulls = [...moved(3), figure("input", "null_share", 0.9, { subject: "x", reference: 0.01 })];
    const [day] = judged([nulls]);
    expect(day!.alarms).toMatchObject([{ kind: "broken-data", proposal: "fix-data", message: expect.stringMatching(/^column x is null in 90 % of the rows, and was in 1\.0 %/) as string }]);
    const states: Parameters<typeof isDataDoubted>[0][] = [{ 1: day!.open }, { 1: judged([moved(3)])[0]!.open }, { 1: passedBy(day!.open), 2: {} }, { 1: passedBy(passedBy(day!.open)), 2: {} }];
    expect(states.map(isDataDoubted), "a version that went on clears with the next one's windows").toEqual([true, false, true, false]);
    expect(kindsOf(judged([[figure("input", "broken", 1, { subject: "x", why: "stuck at -1" })]]))).toEqual([["broken-data"]]);
  });

  it("tells rows that stay away", () => {
    const days = Array.from({ length: 10 }, (_, day) => [figure("input", "rows", day === 9 ? 0 : 1_000)]);
    expect(kindsOf(judged(days, {}, [...Array.from({ length: 9 }, () => 1_000), 0])).flat()).toEqual(["broken-data"]);
  });
});

describe("what has moved", () => {
  const worse = figure("quality", "log_loss", 0.6, { low: 0.59, high: 0.61, reference: 0.5 });
  const shift = (p: number): WindowMetric => figure("quality", "calibration_shift", 0.1, { p, reference: 0 });

  it("is the concept where scores are not worth what they were, even if inputs have moved too, and else the inputs", () => {
    expect(kindsOf(judged([[worse, shift(1e-6), ...moved(0.5)]]))).toEqual([["concept-drift", "data-drift"]]);
    expect(kindsOf(judged([[worse, shift(0.5)]]))).toEqual([["quality"]]);
    expect(kindsOf(judged([[{ ...worse, metric: "rmse" }], [{ ...worse, metric: "rmse" }, ...moved(0.5)]]))).toEqual([["concept-drift"], ["data-drift"]]);
    expect(kindsOf(judged([[{ ...worse, estimated: true }]]))).toEqual([["quality"]]);
  });

  it("is told once, also where a later window is less sure what moved", () => {
    expect(kindsOf(judged([[worse, shift(1e-6)], [worse, shift(0.5)], [worse, shift(1e-6)]]))).toEqual([["concept-drift"], [], []]);
  });
});

describe("a threshold that was set", () => {
  it("is by the metric and what it is of, before the metric alone", () => {
    const thresholds = { psi: "off", "psi x": { above: 0.01 } } as const;
    expect(kindsOf(judged([[...moved(0.02, 1), figure("input", "psi", 9, { subject: "y", p: 0 })]], { thresholds }))).toEqual([["data-drift"]]);
    expect(kindsOf(judged([[figure("input", "sql", 0.3, { subject: "missing precip" })]], { thresholds: { "missing precip": { above: 0.2 } } }))).toEqual([["data-drift"]]);
    expect(kindsOf(judged([[figure("quality", "calibration_shift", 0.3)]], { thresholds: { calibration_shift: { above: 0.2 } } }))).toEqual([["concept-drift"]]);
  });

  it("of auto is what was quiet, and the usual one until that is known", () => {
    const quiet = (n: number): WindowMetric[][] => Array.from({ length: n }, (_, i) => [figure("software", "p99_ms", 10 + (i % 3))]);
    const thresholds = { p99_ms: "auto", psi: "auto" } as const;
    expect(kindsOf(judged([...quiet(7), [figure("software", "p99_ms", 99)]], { thresholds })).flat()).toEqual([]);
    expect(kindsOf(judged([...quiet(8), [figure("software", "p99_ms", 99)]], { thresholds })).flat()).toEqual(["service"]);
    expect(kindsOf(judged([moved(0.5)], { thresholds })).flat()).toEqual(["data-drift"]);
    expect(kindsOf(judged([...Array.from({ length: 20 }, () => moved(0.5)), moved(0.52)], { thresholds })).flat()).toEqual(["data-drift"]);
  });
});

describe("a change", () => {
  const told = (values: readonly number[], span = 1) => {
    const reports = values.map((value, day) => report(day, moved(value), 1_000, span));
    const last = reports.at(-1)!;
    const evidence = { metric: "psi", subject: "x", observed: values.at(-1)!, limit: 0.2, reference: null, p: null, rows: 1_000 };
    const { shape, began } = changeOf(evidence, last, reports.slice(0, -1));
    return [shape, began === null ? null : (Date.parse(began) - Date.parse(at(0))) / dayMs];
  };
  const noise = [0.03, 0.05, 0.02, 0.04, 0.03, 0.05, 0.03, 0.02];

  it("is sudden where it came at once, and began there, though what is usual varies", () => {
    expect(told([...noise, 0.4])).toEqual(["sudden", 8]);
    expect(told([...noise, 0.4, 0.42, 0.39])).toEqual(["sudden", 8]);
    expect(told([...noise, 0.1, 0.17, 0.24], 5)).toEqual(["sudden", 8]);
  });

  it("is gradual where it goes on for longer than a span", () => {
    expect(told([...noise, 0.08, 0.12, 0.17, 0.22, 0.26])).toEqual(["gradual", 8]);
    expect(told([...noise, ...Array.from({ length: 9 }, (_, i) => 0.04 * (i + 2))], 5)).toEqual(["gradual", 8]);
  });

  it("is of no shape where hardly anything came before", () => {
    expect([told([0.4]), told([0.03, 0.4])]).toEqual([[null, null], [null, 1]]);
  });
});
