import type { Measure, Weights } from "./measure.ts";
import { hits } from "./row-losses.ts";
import type { Numbers, ScoredRows } from "./scored-rows.ts";

const bins = 10;
const binOf = (p: number) => Math.min(bins - 1, Math.max(0, Math.floor(p * bins)));

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Mean of what was predicted in the bin, and of what came true. */
  readonly predicted: number;
  readonly observed: number;
}

/** What is held against what came true: the probability of the positive class, or of the predicted class and whether it was right. */
export function claims(rows: Exclude<ScoredRows, { task: "regression" }>): { readonly claimed: Numbers; readonly came: ArrayLike<number> } {
  if (rows.task === "binary") return { claimed: rows.score, came: rows.label };
  const claimed = Float64Array.from(rows.label, (_, i) => Math.max(...rows.score.subarray(i * rows.classes, (i + 1) * rows.classes)));
  return { claimed, came: hits(rows) };
}

/** Reliability diagram in ten equal-width bins; empty bins are left out. */
export function calibrationBins(rows: Exclude<ScoredRows, { task: "regression" }>): CalibrationBin[] {
  const { claimed, came } = claims(rows);
  const sums = Array.from({ length: bins }, () => ({ rows: 0, claimed: 0, came: 0 }));
  claimed.forEach((p, i) => {
    const bin = sums[binOf(p)]!;
    bin.rows++;
    bin.claimed += p;
    bin.came += came[i]!;
  });
  return sums.flatMap((bin, i) => (bin.rows === 0 ? [] : [{ from: i / bins, to: (i + 1) / bins, rows: bin.rows, predicted: bin.claimed / bin.rows, observed: bin.came / bin.rows }]));
}

/** Expected calibration error: sum over bins of |mean claim - share that came true|, weighted by rows (Naeini et al., AAAI 2015). */
export function eceOf(rows: Exclude<ScoredRows, { task: "regression" }>): Measure {
  const { claimed, came } = claims(rows);
  const bin = Uint8Array.from(claimed, binOf);
  const gap = Float64Array.from(claimed, (p, i) => p - came[i]!);
  // Bin by bin, so that a resample adds up in one number at a time.
  const order = Uint32Array.from(bin, (_, i) => i).sort((a, b) => bin[a]! - bin[b]!);
  const sums = (weights: Weights) => {
    const sum = new Float64Array(bins);
    let [total, at] = [0, 0];
    for (let b = 0; b < bins; b++) {
      let own = 0;
      for (; at < order.length && bin[order[at]!] === b; at++) {
        const row = order[at]!;
        const w = weights === null ? 1 : weights[row]!;
        own += w * gap[row]!;
        total += w;
      }
      sum[b] = own;
    }
    return { sum, total };
  };
  const value = (weights: Weights) => {
    const { sum, total } = sums(weights);
    return sum.reduce((all, one) => all + Math.abs(one), 0) / total;
  };
  return {
    value,
    influence: () => {
      const { sum } = sums(null);
      const ece = value(null);
      return gap.map((g, i) => Math.sign(sum[bin[i]!]!) * g - ece);
    },
  };
}
