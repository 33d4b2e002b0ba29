import { judgeWindow, type AlarmDraft, type OpenFindings } from "../../policy/judge-window.ts";
import { monitors } from "../../schemas/monitors.ts";
import type { CategorySketch, ColumnSketch, Sketch } from "../../schemas/sketch.ts";
import type { WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { adjustedP } from "../../stats/benjamini-hochberg.ts";
import { columnDrift, filledBins, rowsOf } from "../../stats/column-drift.ts";
import { riseOf } from "../../stats/error-rise.ts";
import { compareModels } from "../../stats/metric-intervals.ts";
import { newCategories } from "../../stats/new-categories.ts";
import { psi } from "../../stats/psi.ts";
import { psiSignificance } from "../../stats/psi-significance.ts";
import { rowErrors } from "../../stats/row-losses.ts";
import type { ScoredRows } from "../../stats/scored-rows.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { sketchNumbers } from "../stats/number-sketches.ts";

/** Rows of a window, which is one whole span of a week; columns 0-9 numbers, 10-14 categories, 15-19 numbers that are mostly null. */
const columns = 20;
const rowsAWindow = 500;
const referenceRows = 5_000;

type Row = readonly (number | string | null)[];
interface Labelled { readonly rows: readonly Row[]; readonly score: Float64Array; readonly label: Uint8Array }

/** What is done to a stream from its change on. `strength` from 0 to 1. */
export type Spoil = (row: Row, strength: number, random: () => number) => Row;

export interface StreamOptions {
  readonly seed: number;
  readonly windows: number;
  /** First window that is spoilt; how strongly later ones are, by their distance from it. */
  readonly change?: { readonly from: number; readonly strength: (since: number) => number; readonly row?: Spoil; readonly flip?: number; readonly prevalence?: number };
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

/** A window's rows with their labels, and the scores of a model that knows how they were made. */
function draw(n: number, random: () => number, { flip = 0, prevalence = 0.3, spoil = (row: Row) => row }: { readonly flip?: number; readonly prevalence?: number; readonly spoil?: (row: Row) => Row } = {}): Labelled {
  const rows: Row[] = [];
  const [score, label] = [new Float64Array(n), new Uint8Array(n)];
  for (let i = 0; i < n; i++) {
    const late = random() < prevalence;
    const { row, z } = rowAt((168 * i) / n, late, random);
    rows.push(spoil(row));
    // Odds of a row by the shift of 0.8 in six columns that go together.
    const odds = (0.3 / 0.7) * Math.exp(1.4 * (z - 0.24));
    score[i] = odds / (1 + odds);
    label[i] = random() < flip ? Number(!late) : Number(late);
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
const scored = ({ score, label }: Labelled): ScoredRows => ({ task: "binary", score, label });

export interface Told { readonly window: number; readonly alarms: readonly AlarmDraft[] }

const settings = monitors.parse({ every: "P7D", over: "P7D" });
const weekMs = 7 * 86_400_000;

/** Judges a stream window by window, as the workflow does, by the usual thresholds. */
export function judgeStream({ seed, windows, change }: StreamOptions): readonly Told[] {
  const random = seededRandom(seed);
  const before = draw(referenceRows, random);
  const reference = sketchOf(before.rows);
  const known = compareModels(scored(before), null, { manyRows: 0 }).candidate;
  const answered = tenths(before.score);
  const told: Told[] = [];
  const history: WindowReport[] = [];
  let open: OpenFindings = {};
  for (let w = 0; w < windows; w++) {
    const strength = change === undefined || w < change.from ? 0 : change.strength(w - change.from);
    const spoil = change?.row === undefined || strength === 0 ? undefined : (row: Row) => change.row!(row, strength, random);
    const now = draw(rowsAWindow, random, { flip: (change?.flip ?? 0) * strength, prevalence: 0.3 + ((change?.prevalence ?? 0.3) - 0.3) * strength, ...(spoil === undefined ? {} : { spoil }) });
    const rise = riseOf(rowErrors(scored(now)));
    const quality = Object.entries(compareModels(scored(now), null, { manyRows: 0 }).candidate).map(([name, { value, low, high }]) => metric("quality", name, null, value, rowsAWindow, { low, high, reference: known[name]!.value }));
    const report: WindowReport = {
      version: 1, pipeline: "streams", model: "streams", v: 1, digest: "a".repeat(64), window: spanAt(w), over: spanAt(w), revision: 1, writtenAt: "2026-01-01T00:00:00Z", rows: { base: rowsAWindow, over: rowsAWindow }, labels: null,
      metrics: [...inputs(reference, sketchOf(now.rows)), metric("output", "psi", null, psi(answered, tenths(now.score)), rowsAWindow), metric("quality", "error_rise", null, rise.share, rowsAWindow), ...quality],
    };
    const judged = judgeWindow({ settings, report, history, open });
    open = judged.open;
    history.push(report);
    told.push({ window: w, alarms: judged.alarms });
  }
  return told;
}

const spanAt = (w: number) => ({ from: new Date(Date.UTC(2026, 0, 5) + w * weekMs).toISOString(), to: new Date(Date.UTC(2026, 0, 5) + (w + 1) * weekMs).toISOString() });

/** Windows from the change to the first alarm of one of these kinds; null where none comes. */
export function delayOf(told: readonly Told[], from: number, kinds: readonly AlarmDraft["kind"][], names?: string): number | null {
  const found = told.find(({ window, alarms }) => window >= from && alarms.some((alarm) => kinds.includes(alarm.kind) && (names === undefined || alarm.evidence.some(({ subject }) => subject === names))));
  return found === undefined ? null : found.window - from;
}
