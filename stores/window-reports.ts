import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import type { Window } from "../schemas/time.ts";
import { type WindowFold, windowFold, type WindowMetric, windowReport, type WindowReport } from "../schemas/window-report.ts";
import { canonicalBytes } from "./canonical.ts";
import { getDocument, parseDocument, putDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";
import { foldIn, unfold } from "./window-folds.ts";

type Place = Pick<WindowReport, "model" | "v">;
type Written = Omit<WindowReport, "revision" | "writtenAt" | "version">;

const reportKey = ({ model, v }: Place, from: string): string => `reports/${model}/windows/${v}/${from}.json`;
const foldPrefix = ({ model, v }: Place): string => `reports/${model}/folds/${v}/`;
const foldKey = (place: Place, from: string): string => `${foldPrefix(place)}${from.slice(0, 7)}.json`;

/** How often a fold is written again when another worker wrote it in between. */
const most = 50;

/**
 * Writes a version's report of a window, and puts it into its month's fold. One that says the same as the report that is there changes nothing; one
 * that says something else restates it under the next revision.
 */
export async function putWindowReport(store: ObjectStore, written: Written, at: string, signal?: AbortSignal): Promise<WindowReport> {
  const before = await getWindowReport(store, written, written.window.from, signal);
  const same = before !== null && saying(before) === saying({ ...before, ...written });
  const report: WindowReport = same ? before : { version: 1, ...written, revision: (before?.revision ?? 0) + 1, writtenAt: at };
  if (!same) await putDocument(store, reportKey(report, report.window.from), report, signal);
  await putIntoFold(store, report, signal);
  return report;
}

const saying = ({ revision: _, writtenAt: __, ...said }: WindowReport): string => Buffer.from(canonicalBytes(said)).toString();

/** A retry after an answer that was lost finds its report in the fold and leaves it. */
async function putIntoFold(store: ObjectStore, report: WindowReport, signal?: AbortSignal): Promise<void> {
  const key = foldKey(report, report.window.from);
  for (let i = 0; i < most; i++) {
    const found = await store.get(key, { signal });
    const read = found === null ? null : readFold(store, key, found.body);
    const known = read?.windows.find(({ window }) => window.from === report.window.from);
    if (known !== undefined && (known.revision > report.revision || (known.revision === report.revision && known.writtenAt === report.writtenAt))) return;
    const before = found !== null && read === null ? await foldAnew(store, report, signal) : read;
    const condition = found === null ? ({ ifNoneMatch: "*" } as const) : { ifMatch: found.etag };
    const { outcome } = await store.put(key, canonicalBytes(foldIn(before, report)), { ...condition, contentType: "application/json", signal });
    if (outcome === "stored") return;
  }
  throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${key} was written by others ${most} times while this worker wanted to write it; try again`);
}

/** Null where it cannot be read. */
function readFold(store: ObjectStore, key: string, body: Uint8Array): WindowFold | null {
  try {
    return parseDocument(store, key, windowFold, body);
  } catch (error) {
    if (failureTypeOf(error) === "Corrupt") return null;
    throw error;
  }
}

/** A fold says nothing that the reports of its month do not: it can always be made of them again. */
async function foldAnew(store: ObjectStore, { model, v, window }: WindowReport, signal?: AbortSignal): Promise<WindowFold | null> {
  const reports: WindowReport[] = [];
  for await (const { key } of store.list(`reports/${model}/windows/${v}/${window.from.slice(0, 7)}`, { signal })) {
    const read = await getDocument(store, key, windowReport, signal);
    if (read !== null) reports.push(read);
  }
  return reports.reduce<WindowFold | null>(foldIn, null);
}

/** Null where there is none. @param from start of the base window */
export const getWindowReport = (store: ObjectStore, { model, v }: Place, from: string, signal?: AbortSignal): Promise<WindowReport | null> =>
  getDocument(store, reportKey({ model, v }, from), windowReport, signal);

/** The reports of a version whose windows begin in `[from, to)`, oldest first: one object a month, so that a year of hours opens at once. */
export async function readWindowReports(store: ObjectStore, place: Place, span: { readonly from?: string; readonly to?: string } = {}, signal?: AbortSignal): Promise<WindowReport[]> {
  const folds = await inParallel(await foldKeys(store, place, span, signal), 16, (key) => getDocument(store, key, windowFold, signal));
  const within = ({ window: { from } }: WindowReport): boolean => (span.from === undefined || Date.parse(from) >= Date.parse(span.from)) && (span.to === undefined || Date.parse(from) < Date.parse(span.to));
  return folds.filter((fold) => fold !== null).flatMap(unfold).filter(within);
}

export interface MetricSeries {
  readonly group: WindowMetric["group"];
  readonly metric: string;
  readonly subject: string | null;
  /** One a window, in the order of `windows`; null where there was none. */
  readonly values: readonly (number | null)[];
}

/** Some figures of a version over time, for charts: what is not wanted is not laid out. */
export async function readWindowSeries(store: ObjectStore, place: Place, wanted: (of: Omit<MetricSeries, "values">) => boolean, span: { readonly from?: string; readonly to?: string } = {}, signal?: AbortSignal): Promise<{ readonly windows: readonly Window[]; readonly series: readonly MetricSeries[] }> {
  const folds = (await inParallel(await foldKeys(store, place, span, signal), 16, (key) => getDocument(store, key, windowFold, signal))).filter((fold) => fold !== null);
  const windows = folds.flatMap((fold) => fold.windows.map(({ window }) => window));
  const found = new Map<string, Omit<MetricSeries, "values"> & { readonly values: (number | null)[] }>();
  let before = 0;
  for (const fold of folds) {
    fold.series.forEach((of, i) => {
      if (!wanted(of)) return;
      const name = JSON.stringify([of.group, of.metric, of.subject]);
      const one = found.get(name) ?? { ...of, values: new Array<number | null>(windows.length).fill(null) };
      found.set(name, one);
      fold.windows.forEach(({ values }, at) => (one.values[before + at] = values[i] ?? null));
    });
    before += fold.windows.length;
  }
  return { windows, series: [...found.values()] };
}

/** The newest reports of a version, oldest first, at most so many. */
export async function lastWindowReports(store: ObjectStore, place: Place, count: number, before?: string, signal?: AbortSignal): Promise<WindowReport[]> {
  const keys = await foldKeys(store, place, before === undefined ? {} : { to: before }, signal);
  const reports: WindowReport[] = [];
  for (const key of keys.toReversed()) {
    const fold = await getDocument(store, key, windowFold, signal);
    if (fold !== null) reports.unshift(...unfold(fold).filter(({ window }) => before === undefined || Date.parse(window.from) < Date.parse(before)));
    if (reports.length >= count) break;
  }
  return reports.slice(-count);
}

async function foldKeys(store: ObjectStore, place: Place, { from, to }: { readonly from?: string; readonly to?: string }, signal?: AbortSignal): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(foldPrefix(place), { signal })) {
    const month = key.slice(foldPrefix(place).length, -".json".length);
    if ((from === undefined || month >= utcMonth(from)) && (to === undefined || month <= utcMonth(to))) keys.push(key);
  }
  return keys;
}

const utcMonth = (at: string): string => new Date(Date.parse(at)).toISOString().slice(0, 7);

