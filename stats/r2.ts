import { type Measure, type Weights, weightedMean } from "./measure.ts";

/** Coefficient of determination, 1 - sum((y - f)^2) / sum((y - mean)^2). NaN where every label is the same. */
export function r2Of(label: Float64Array, squaredErrors: Float64Array): Measure {
  const spread = (weights: Weights) => {
    const mean = weightedMean(label, weights);
    return weightedMean(label.map((y) => (y - mean) ** 2), weights);
  };
  const lost = (weights: Weights) => {
    const variance = spread(weights);
    return variance === 0 ? Number.NaN : weightedMean(squaredErrors, weights) / variance;
  };
  return {
    value: (weights) => 1 - lost(weights),
    influence: () => {
      const mean = weightedMean(label, null);
      const [variance, share] = [spread(null), lost(null)];
      return squaredErrors.map((e, i) => -(e - share * (label[i]! - mean) ** 2) / variance);
    },
  };
}
