import type { WindowMetric } from "../schemas/window-report.ts";

/** The metric by which people know a kind of model, before others. */
const first = ["auc", "macro_auc", "rmse", "accuracy"];

/** The one figure that says how right a version was: measured before estimated, and the same one in every window. Null where there is none. */
export function headlineQuality(metrics: readonly WindowMetric[]): WindowMetric | null {
  const known = metrics.filter(({ group, subject, value }) => group === "quality" && subject === null && value !== null);
  const measured = known.filter(({ estimated }) => !estimated);
  const among = measured.length > 0 ? measured : known;
  return first.map((name) => among.find(({ metric }) => metric === name)).find((one) => one !== undefined) ?? among[0] ?? null;
}
