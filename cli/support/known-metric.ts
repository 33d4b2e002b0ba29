import { familyOf, metricName } from "../../policy/metric-thresholds.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { watchedVersions } from "../../stores/base-windows.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { lastWindowReports } from "../../stores/window-reports.ts";

/** What a window tells only once labels or prepared data have come. */
const comeLater = ["error_rise", "calibration_shift", "skew_share"];
/** Windows of each version in which a metric is looked for. */
const looksBack = 30;

/**
 * Refuses a metric that no window tells of: its threshold would never be looked at. Before the first window everything is taken.
 * @param evaluated metrics of quality, whose labels may still have to come
 * @throws RelearnError `NotFound`
 */
export async function checkMetric(store: ObjectStore, model: string, metric: string, evaluated: readonly string[]): Promise<void> {
  const reports = (await inParallel(await watchedVersions(store, model), 8, (v) => lastWindowReports(store, { model, v }, looksBack))).flat();
  const told = reports.flatMap(({ metrics }) => metrics);
  if (told.length === 0 || told.some((one) => metricName(one) === metric || familyOf(one) === metric)) return;
  const families = new Set([...told.map((one) => (one.metric === "sql" ? metricName(one) : familyOf(one))), ...evaluated, ...comeLater]);
  if (families.has(metric)) return;
  const example = told.find(({ subject, metric: name }) => subject !== null && name !== "sql");
  throw new RelearnError("NotFound", `no window of ${model} tells of ${JSON.stringify(metric)}; there are: ${[...families].sort().join(", ")}${example === undefined ? "" : `; of one column or slice: ${JSON.stringify(metricName(example))}`}`);
}
