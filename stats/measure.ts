/** How often each row counts in a resample; null counts each once. */
export type Weights = Uint16Array | null;

/**
 * One figure of one model over some rows, ready to be taken under any row weights.
 * NaN where the figure is not defined on those rows.
 */
export interface Measure {
  value(weights: Weights): number;
  /**
   * The influence of each row on the value: the value's variance is about mean(influence^2) / n.
   * Huber and Ronchetti, Robust Statistics (2009), section 1.4; for AUC this is DeLong's method.
   */
  influence(): Float64Array;
}

export interface Metric<R> {
  readonly name: string;
  readonly better: "higher" | "lower";
  /** Not a smooth function of the rows, so that its normal interval fits only when rows are very many. */
  readonly rough?: true;
  of(rows: R): Measure;
}

/** sum(w x). A bootstrap spends its time here: one plain loop a case. */
function weightedSum(values: Float64Array, weights: Weights): number {
  let sum = 0;
  if (weights === null) for (let i = 0; i < values.length; i++) sum += values[i]!;
  else for (let i = 0; i < values.length; i++) sum += weights[i]! * values[i]!;
  return sum;
}

/** sum(w x) / sum(w). */
export function weightedMean(values: Float64Array, weights: Weights): number {
  if (weights === null) return weightedSum(values, null) / values.length;
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const w = weights[i]!;
    sum += w * values[i]!;
    total += w;
  }
  return sum / total;
}

/** The mean of a figure that each row has by itself. */
export function meanOf(values: Float64Array): Measure {
  return {
    value: (weights) => weightedMean(values, weights),
    influence: () => {
      const mean = weightedMean(values, null);
      return values.map((x) => x - mean);
    },
  };
}

/** mean(above) / mean(below). */
export function ratioOf(above: Float64Array, below: Float64Array): Measure {
  return {
    value: (weights) => {
      let [over, under] = [0, 0];
      for (let i = 0; i < above.length; i++) {
        const w = weights === null ? 1 : weights[i]!;
        over += w * above[i]!;
        under += w * below[i]!;
      }
      return over / under;
    },
    influence: () => {
      const scale = weightedMean(below, null);
      const ratio = weightedMean(above, null) / scale;
      return above.map((a, i) => (a - ratio * below[i]!) / scale);
    },
  };
}

/** A smooth function of another measure, by the delta method. */
export function mapMeasure(inner: Measure, f: (x: number) => number, slope: (x: number) => number): Measure {
  return {
    value: (weights) => f(inner.value(weights)),
    influence: () => {
      const by = slope(inner.value(null));
      return inner.influence().map((x) => x * by);
    },
  };
}

/** The plain average of several measures over those that are defined; NaN where `strict` and one is not. */
export function averageOf(measures: readonly Measure[], strict: boolean): Measure {
  return {
    value: (weights) => {
      const values = measures.map((measure) => measure.value(weights)).filter((value) => strict || !Number.isNaN(value));
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    },
    influence: () => {
      const defined = measures.filter((measure) => strict || !Number.isNaN(measure.value(null))).map((measure) => measure.influence());
      return (defined[0] ?? new Float64Array()).map((_, i) => defined.reduce((sum, one) => sum + one[i]!, 0) / defined.length);
    },
  };
}
