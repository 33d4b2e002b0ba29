import type { WindowFold, WindowMetric, WindowReport } from "../../schemas/window-report.ts";
import { canonicalBytes } from "../../stores/canonical.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { foldIn } from "../../stores/window-folds.ts";

const hourMs = 3_600_000;
const begins = Date.UTC(2013, 0, 1);
const columns = 24;
const ofColumn = ["psi", "jensen_shannon", "kolmogorov_smirnov", "null_share"] as const;
const ofModel = ["auc", "log_loss", "requests", "p99_ms"] as const;

const at = (hour: number): string => new Date(begins + hour * hourMs).toISOString().replace(".000Z", "Z");
const figure = (group: WindowMetric["group"], metric: string, subject: string | null, value: number): WindowMetric =>
  ({ group, metric, subject, value, low: metric === "auc" ? value - 0.01 : null, high: metric === "auc" ? value + 0.01 : null, p: metric === "psi" ? 0.5 : null, reference: 0.123, rows: 5_000, estimated: false, why: null });

/** One hour's report: 100 figures, none like another's. */
function reportOf(model: string, hour: number): WindowReport {
  const value = (i: number): number => ((hour * 7_919 + i * 104_729) % 10_007) / 10_007;
  const inputs = Array.from({ length: columns }, (_, column) => ofColumn.map((metric, i) => figure("input", metric, `column_${column}`, value(column * 4 + i)))).flat();
  const others = ofModel.map((metric, i) => figure(i < 2 ? "quality" : "software", metric, null, value(900 + i)));
  return {
    version: 1, pipeline: model, model, v: 1, digest: "a".repeat(64), window: { from: at(hour), to: at(hour + 1) }, over: { from: at(hour - 167), to: at(hour + 1) }, revision: 1, writtenAt: at(hour + 1),
    rows: { base: 30, over: 5_000 }, metrics: [...inputs, ...others], labels: null,
  };
}

/** Writes the folds of a year of hourly windows, as the code makes them that folds every window in. @returns their keys */
export async function writeSampleYear(store: ObjectStore, model: string, hours: number): Promise<readonly string[]> {
  const folds = new Map<string, WindowFold>();
  for (let hour = 0; hour < hours; hour++) {
    const key = `reports/${model}/folds/1/${at(hour).slice(0, 7)}.json`;
    folds.set(key, foldIn(folds.get(key) ?? null, reportOf(model, hour)));
  }
  for (const [key, fold] of folds) await store.put(key, canonicalBytes(fold), { contentType: "application/json" });
  return [...folds.keys()];
}
