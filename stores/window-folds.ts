import type { WindowFold, WindowMetric, WindowReport } from "../schemas/window-report.ts";

type FoldedWindow = WindowFold["windows"][number];
type Series = WindowFold["series"][number];

const nameOf = ({ group, metric, subject }: Series): string => JSON.stringify([group, metric, subject]);
const emptyFold = ({ pipeline, model, v, digest }: WindowReport): WindowFold => ({ version: 1, pipeline, model, v, digest, series: [], windows: [] });

/** A fold with this report in it, in the place of an earlier one of the same window. Series are only ever added, so the others' places hold. */
export function foldIn(before: WindowFold | null, report: WindowReport): WindowFold {
  const fold = before ?? emptyFold(report);
  const places = new Map(fold.series.map((series, i) => [nameOf(series), i]));
  const series = [...fold.series];
  for (const { group, metric, subject } of report.metrics) {
    const name = nameOf({ group, metric, subject });
    if (places.has(name)) continue;
    places.set(name, series.length);
    series.push({ group, metric, subject });
  }
  const others = fold.windows.filter(({ window }) => window.from !== report.window.from);
  const windows = [...others, folded(report, series.length, places)].sort((a, b) => Date.parse(a.window.from) - Date.parse(b.window.from));
  return { ...fold, digest: report.digest, series, windows };
}

function folded({ metrics, window, over, revision, writtenAt, rows, labels }: WindowReport, length: number, places: ReadonlyMap<string, number>): FoldedWindow {
  const values = new Array<number | null>(length).fill(null);
  const counts = new Array<number>(length).fill(-1);
  const rest = { low: {} as Record<string, number>, high: {} as Record<string, number>, p: {} as Record<string, number>, reference: {} as Record<string, number>, why: {} as Record<string, string> };
  const estimated: number[] = [];
  for (const one of metrics) {
    const at = places.get(nameOf(one)) as number;
    values[at] = one.value;
    counts[at] = one.rows;
    for (const field of ["low", "high", "p", "reference"] as const) if (one[field] !== null) rest[field][at] = one[field];
    if (one.why !== null) rest.why[at] = one.why;
    if (one.estimated) estimated.push(at);
  }
  return { window, over, revision, writtenAt, rows, labels, values, counts, ...rest, estimated };
}

/** The reports of a fold, oldest first, as they were put in. */
export const unfold = (fold: WindowFold): WindowReport[] => fold.windows.map((one) => unfolded(fold, one));

function unfolded({ pipeline, model, v, digest, series }: WindowFold, one: FoldedWindow): WindowReport {
  const estimated = new Set(one.estimated);
  const metrics = series.flatMap((of, i): WindowMetric[] => (one.counts[i] === undefined || one.counts[i] < 0 ? [] : [{
    ...of, value: one.values[i] ?? null, low: one.low[i] ?? null, high: one.high[i] ?? null, p: one.p[i] ?? null, reference: one.reference[i] ?? null,
    rows: one.counts[i], estimated: estimated.has(i), why: one.why[i] ?? null,
  }]));
  const { window, over, revision, writtenAt, rows, labels } = one;
  return { version: 1, pipeline, model, v, digest, window, over, revision, writtenAt, rows, metrics, labels };
}
