import { aucOf } from "./auc.ts";
import { eceOf } from "./calibration.ts";
import { f1Of, precisionOf, recallOf } from "./f1.ts";
import { averageOf, mapMeasure, meanOf, type Measure, type Metric } from "./measure.ts";
import { r2Of } from "./r2.ts";
import { absoluteErrors, brierLosses, hits, logLosses, squaredErrors } from "./row-losses.ts";
import { predictedClasses, type ScoredRows, type Task } from "./scored-rows.ts";

type Binary = Extract<ScoredRows, { task: "binary" }>;
type Multiclass = Extract<ScoredRows, { task: "multiclass" }>;
type Regression = Extract<ScoredRows, { task: "regression" }>;

/** The classification decision is at one half. References stand at each function. */
const binary: readonly Metric<Binary>[] = [
  { name: "auc", better: "higher", of: (rows) => aucOf(rows.label, rows.score) },
  { name: "log_loss", better: "lower", of: (rows) => meanOf(logLosses(rows)) },
  { name: "brier", better: "lower", of: (rows) => meanOf(brierLosses(rows)) },
  { name: "ece", better: "lower", rough: true, of: eceOf },
  { name: "accuracy", better: "higher", of: (rows) => meanOf(hits(rows)) },
  { name: "f1", better: "higher", of: (rows) => f1Of(rows.label, predictedClasses(rows), 1) },
  { name: "precision", better: "higher", of: (rows) => precisionOf(rows.label, predictedClasses(rows)) },
  { name: "recall", better: "higher", of: (rows) => recallOf(rows.label, predictedClasses(rows)) },
];

/** `macro_auc` is one class against the rest, averaged; it needs every class among the rows. */
const multiclass: readonly Metric<Multiclass>[] = [
  { name: "log_loss", better: "lower", of: (rows) => meanOf(logLosses(rows)) },
  { name: "brier", better: "lower", of: (rows) => meanOf(brierLosses(rows)) },
  { name: "ece", better: "lower", rough: true, of: eceOf },
  { name: "accuracy", better: "higher", of: (rows) => meanOf(hits(rows)) },
  { name: "macro_f1", better: "higher", of: (rows) => macroF1(rows) },
  { name: "macro_auc", better: "higher", of: (rows) => averageOf(classIndexes(rows).map((k) => oneAgainstRest(rows, k)), true) },
];

const regression: readonly Metric<Regression>[] = [
  { name: "mae", better: "lower", of: (rows) => meanOf(absoluteErrors(rows)) },
  { name: "mse", better: "lower", of: (rows) => meanOf(squaredErrors(rows)) },
  { name: "rmse", better: "lower", of: (rows) => mapMeasure(meanOf(squaredErrors(rows)), Math.sqrt, (mse) => (mse === 0 ? 0 : 1 / (2 * Math.sqrt(mse)))) },
  { name: "r2", better: "higher", of: (rows) => r2Of(rows.label, squaredErrors(rows)) },
  { name: "bias", better: "lower", of: (rows) => mapMeasure(meanOf(Float64Array.from(rows.label, (y, i) => rows.score[i]! - y)), Math.abs, Math.sign) },
];

function macroF1(rows: Multiclass): Measure {
  const predicted = predictedClasses(rows);
  return averageOf(classIndexes(rows).map((k) => f1Of(rows.label, predicted, k)), false);
}

const classIndexes = ({ classes }: Multiclass): number[] => Array.from({ length: classes }, (_, k) => k);

function oneAgainstRest(rows: Multiclass, k: number): Measure {
  return aucOf(Uint8Array.from(rows.label, (y) => (y === k ? 1 : 0)), Float64Array.from(rows.label, (_, i) => rows.score[i * rows.classes + k]!));
}

/** Every metric of a task. */
export function metricsOf(task: Task): readonly Metric<ScoredRows>[] {
  return { binary, multiclass, regression }[task] as readonly Metric<ScoredRows>[];
}

/** The metric in which the trivial baseline must be beaten. */
export const ownLoss = (task: Task): string => (task === "regression" ? "mse" : "log_loss");
