import { judgeWindow, type AlarmDraft, type OpenFindings } from "../../policy/judge-window.ts";
import { windowsLookedBackOn } from "../../policy/monitor-windows.ts";
import { type Monitors, monitors } from "../../schemas/monitors.ts";
import type { CategorySketch, ColumnSketch, Sketch } from "../../schemas/sketch.ts";
import type { WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { adjustedP } from "../../stats/benjamini-hochberg.ts";
import { calibrationBins } from "../../stats/calibration.ts";
import { calibrationShift } from "../../stats/calibration-shift.ts";
import { columnDrift, filledBins, rowsOf } from "../../stats/column-drift.ts";
import { riseOf } from "../../stats/error-rise.ts";
import { compareModels } from "../../stats/metric-intervals.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { newCategories } from "../../stats/new-categories.ts";
import { psi } from "../../stats/psi.ts";
import { psiSignificance } from "../../stats/psi-significance.ts";
import { rowErrors } from "../../stats/row-losses.ts";
import type { ScoredRows } from "../../stats/scored-rows.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { sketchNumbers } from "../stats/number-sketches.ts";

/** Rows of a span, which is a week; columns 0-9 numbers, 10-14 categories, 15-19 numbers that are mostly null. */
const columns = 20;
const rowsASpan = 500;
const referenceRows = 5_000;

type Row = readonly (number | string | null)[];
interface Labelled { readonly rows: readonly Row[]; readonly score: Float64Array; readonly label: Uint8Array }

/** What is done to a stream from its change on. `strength` from 0 to 1. */
export type Spoil = (row: Row, strength: number, random: () => number) => Row;

interface Spoilt {
  /** Share of the labels that mean the opposite; share of positive rows, with P(x|y) as before. */
  readonly flip?: number;
  readonly prevalence?: number;
  /** The chance with which a row comes at all, by its score: moves P(x) and leaves P(y|x) as it is. */
  readonly keep?: (score: number) => number;
}

export interface StreamOptions {
  readonly seed: number;
  readonly windows: number;
  /** Base windows in a span. 1: each window is a whole one, and none overlaps with the next. 7: a day a window, of a rolling week. */
  readonly inSpan?: 1 | 7;
  readonly thresholds?: Monitors["thresholds"];
  /** First window that is spoilt; how strongly later ones are, by their distance from it. */
  readonly change?: Spoilt & { readonly from: number; readonly strength: (since: number) => number; readonly row?: Spoil };
}

const normalOf = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
/** Far from zero beside its spread: 1,000 and more, give or take 1 to 5. */
const centre = (c: number): number => 1_000 * (c + 1);
export const spread = (c: number): number => 1 + (c % 5);
const categories = ["a", "b", "c", "d", "e", "f"];

/**
 * One row at an hour of a week: a common factor makes the columns go together, the day and the week move three of them a little.
 * @param hour of the week, 0 to 168
 */
function rowAt(hour: number, late: boolean, random: () => number): { readonly row: Row; readonly z: number } {
  const common = normalOf(random);
  const daily = Math.sin((2 * Math.PI * hour) / 24);
  const weekly = Math.sin((2 * Math.PI * hour) / 168);
  const z = Array.from({ length: columns }, (_, c) => 0.6 * common + 0.8 * normalOf(random) + (c < 3 ? 0.5 * daily + 0.3 * weekly : 0) + (late && c < 6 ? 0.8 : 0));
  const row = z.map((value, c) => {
    if (c < 10) return centre(c) + spread(c) * value;
    if (c < 15) return categories[Math.min(5, Math.max(0, Math.floor((value + 2.2) * 1.4)))]!;
    return random() < 0.7 ? null : centre(c) + spread(c) * value;
  });
  return { row, z: (z[0]! + z[1]! + z[2]! + z[3]! + z[4]! + z[5]!) / 6 };
}

interface Drawn { readonly row: Row; readonly late: boolean; readonly score: number }

function drawRow(hour: number, random: () => number, { prevalence = 0.3, keep }: Spoilt): Drawn {
  for (;;) {
    const late = random() < prevalence;
    const { row, z } = rowAt(hour, late, random);
    // Odds of a row by the shift of 0.8 in six columns that go together.
    const odds = (0.3 / 0.7) * Math.exp(1.4 * (z - 0.24));
    const score = odds / (1 + odds);
    if (keep === undefined || random() < keep(score)) return { row, late, score };
  }
}

/** Rows of some hours of a week with their labels, and the scores of a model that knows how they were made. */
function draw(n: number, [from, to]: readonly [number, number], random: () => number, spoilt: Spoilt & { readonly spoil?: (row: Row) => Row } = {}): Labelled {
  const rows: Row[] = [];
  const [score, label] = [new Float64Array(n), new Uint8Array(n)];
  for (let i = 0; i < n; i++) {
    const drawn = drawRow(from + ((to - from) * i) / n, random, spoilt);
    rows.push(spoilt.spoil?.(drawn.row) ?? drawn.row);
    score[i] = drawn.score;
    label[i] = random() < (spoilt.flip ?? 0) ? Number(!drawn.late) : Number(drawn.late);
  }
  return { rows, score, label };
}

function sketchOf(rows: readonly Row[]): Sketch {
  const column = (c: number): ColumnSketch => {
    const values = rows.map((row) => row[c]!);
    if (c < 10 || c >= 15) return sketchNumbers(values as (number | null)[], { center: centre(c), scale: 1.35 * spread(c) }, false);
    const counts = new Map<string, number>();
    for (const value of values) if (value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
    return { kind: "category", nulls: values.filter((value) => value === null).length, count: [...counts.values()].reduce((a, b) => a + b, 0), values: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)), dropped: 0, bound: 0 } satisfies CategorySketch;
  };
  return { version: 1, rows: rows.length, columns: Object.fromEntries(Array.from({ length: columns }, (_, c) => [`c${c}`, column(c)])) };
}

const metric = (group: WindowMetric["group"], name: string, subject: string | null, value: number | null, rows: number, rest: Partial<WindowMetric> = {}): WindowMetric => ({ group, metric: name, subject, value, low: null, high: null, p: null, reference: null, rows, estimated: false, why: null, ...rest });

function inputs(reference: Sketch, now: Sketch): WindowMetric[] {
  const all = Object.entries(now.columns).flatMap(([name, column]) => {
    const before = reference.columns[name]!;
    const drift = columnDrift(name, before, column);
    const rows = rowsOf(column);
    const fresh = before.kind === "category" && column.kind === "category" ? newCategories(before, column) : null;
    return [
      metric("input", "null_share", name, drift.nullShare, rows, { reference: drift.referenceNullShare }),
      ...(fresh === null ? [] : [metric("input", "unseen_share", name, (fresh.share * column.count) / rows, rows, { reference: fresh.expected })]),
      metric("input", "psi", name, drift.psi, rows, { p: drift.psi === null ? null : psiSignificance(drift.psi, filledBins(before, column), rowsOf(before), rows) }),
    ];
  });
  const asked = all.filter(({ metric: name }) => name === "psi");
  const adjusted = new Map(adjustedP(asked.map(({ p }) => p ?? 1)).map((p, i) => [asked[i], p]));
  return all.map((one) => (adjusted.has(one) ? { ...one, p: adjusted.get(one)! } : one));
}

const tenths = (score: Float64Array): number[] => Array.from({ length: 10 }, (_, i) => score.filter((p) => Math.min(9, Math.floor(p * 10)) === i).length);
const scored = ({ score, label }: Labelled): Extract<ScoredRows, { task: "binary" }> => ({ task: "binary", score, label });

/** So many streams share what their model was trained on: drawing that costs as much as all that follows. */
const streamsAModel = 10;
const models = new Map<number, ReturnType<typeof startOf>>();

function modelOf(seed: number): ReturnType<typeof startOf> {
  const number = Math.floor(seed / streamsAModel);
  const known = models.get(number) ?? startOf(seededRandom(1_000_000 + number));
  models.set(number, known);
  return known;
}

/** What a model was trained and judged on. */
function startOf(random: () => number) {
  const before = draw(referenceRows, [0, 168], random);
  return { sketch: sketchOf(before.rows), quality: compareModels(scored(before), null, { manyRows: 0 }).candidate, reliability: calibrationBins(scored(before)), answered: tenths(before.score) };
}

function metricsOf(start: ReturnType<typeof startOf>, sketch: Sketch, now: Labelled): WindowMetric[] {
  const rows = now.label.length;
  const rise = riseOf(rowErrors(scored(now)));
  const shift = calibrationShift(scored(now), start.reliability);
  const quality = Object.entries(compareModels(scored(now), null, { manyRows: 0 }).candidate).map(([name, { value, low, high }]) => metric("quality", name, null, value, rows, { low, high, reference: start.quality[name]!.value }));
  return [
    ...inputs(start.sketch, sketch), metric("output", "psi", null, psi(start.answered, tenths(now.score)), rows), metric("quality", "error_rise", null, rise.share, rows),
    ...(shift === null ? [] : [metric("quality", "calibration_shift", null, shift.value, rows, { p: shift.p, reference: 0 })]), ...quality,
  ];
}

function drawWindow(w: number, inSpan: number, random: () => number, change: StreamOptions["change"]): Labelled {
  const hours = [(168 / inSpan) * (w % inSpan), (168 / inSpan) * ((w % inSpan) + 1)] as const;
  const strength = change === undefined || w < change.from ? 0 : change.strength(w - change.from);
  const n = Math.round(rowsASpan / inSpan);
  if (change === undefined || strength === 0) return draw(n, hours, random);
  return draw(n, hours, random, {
    flip: (change.flip ?? 0) * strength, prevalence: 0.3 + ((change.prevalence ?? 0.3) - 0.3) * strength,
    ...(change.keep === undefined ? {} : { keep: change.keep }), ...(change.row === undefined ? {} : { spoil: (row: Row) => change.row!(row, strength, random) }),
  });
}

const joined = (days: readonly Labelled[]): Labelled => ({ rows: [], score: Float64Array.from(days.flatMap(({ score }) => [...score])), label: Uint8Array.from(days.flatMap(({ label }) => [...label])) });

const weekMs = 7 * 86_400_000;

/** Start of a window, the first one's on a Monday. */
export const atWindow = (w: number, inSpan = 1): string => new Date(Date.UTC(2026, 0, 5) + (w * weekMs) / inSpan).toISOString();

export interface Told { readonly window: number; readonly alarms: readonly AlarmDraft[] }

/** Judges a stream window by window, as the workflow does, by the usual thresholds unless others are given. */
export function judgeStream({ seed, windows, inSpan = 1, thresholds = {}, change }: StreamOptions): readonly Told[] {
  const settings = monitors.parse({ every: inSpan === 1 ? "P7D" : "P1D", over: "P7D", thresholds });
  const random = seededRandom(seed);
  const start = modelOf(seed);
  const told: Told[] = [];
  const history: WindowReport[] = [];
  const days: { readonly labelled: Labelled; readonly sketch: Sketch }[] = [];
  let open: OpenFindings = {};
  for (let w = 0; w < windows; w++) {
    const labelled = drawWindow(w, inSpan, random, change);
    days.push({ labelled, sketch: sketchOf(labelled.rows) });
    const span = days.slice(-inSpan);
    const now = joined(span.map((day) => day.labelled));
    const report: WindowReport = {
      version: 1, pipeline: "streams", model: "streams", v: 1, digest: "a".repeat(64), window: { from: atWindow(w, inSpan), to: atWindow(w + 1, inSpan) }, over: { from: atWindow(w + 1 - inSpan, inSpan), to: atWindow(w + 1, inSpan) },
      revision: 1, writtenAt: "2026-01-01T00:00:00Z", rows: { base: labelled.rows.length, over: now.label.length }, labels: null, metrics: metricsOf(start, inSpan === 1 ? span[0]!.sketch : mergeSketches(span.map((day) => day.sketch)), now),
    };
    const judged = judgeWindow({ settings, report, history: history.slice(-windowsLookedBackOn(settings)), open });
    open = judged.open;
    history.push(report);
    told.push({ window: w, alarms: judged.alarms });
  }
  return told;
}

/** Windows from the change to the first alarm of one of these kinds; null where none comes. */
export function delayOf(told: readonly Told[], from: number, kinds: readonly AlarmDraft["kind"][], names?: string): number | null {
  const found = told.find(({ window, alarms }) => window >= from && alarms.some((alarm) => kinds.includes(alarm.kind) && (names === undefined || alarm.evidence.some(({ subject }) => subject === names))));
  return found === undefined ? null : found.window - from;
}
