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
  const { window, over, revision, writtenAt, rows, labels, values, counts } = one;
  const [low, high, p, reference] = [one.low, one.high, one.p, one.reference].map((sparse) => dense(sparse, series.length)) as [Dense, Dense, Dense, Dense];
  const estimated = new Set(one.estimated);
  const metrics: WindowMetric[] = [];
  for (let i = 0; i < counts.length; i++) {
    const [of, n] = [series[i] as Series, counts[i] as number];
    if (n < 0) continue;
    metrics.push({
      group: of.group, metric: of.metric, subject: of.subject, value: values[i] as number | null, low: low[i] as number | null, high: high[i] as number | null, p: p[i] as number | null,
      reference: reference[i] as number | null, rows: n, estimated: estimated.has(i), why: one.why[i] ?? null,
    });
  }
  return { version: 1, pipeline, model, v, digest, window, over, revision, writtenAt, rows, metrics, labels };
}

type Dense = readonly (number | null)[];

/** A year of hours is a million figures: looked up by place they take a third of the time that they take by name. */
function dense(sparse: Readonly<Record<string, number>>, length: number): Dense {
  const all = new Array<number | null>(length).fill(null);
  for (const i in sparse) all[Number(i)] = sparse[i] as number;
  return all;
}
