import type { Measure, Weights } from "./measure.ts";
import type { Numbers } from "./scored-rows.ts";

/**
 * Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting one half
 * (Mann-Whitney). Its influence is that of DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845.
 * NaN where every row has the same label.
 */
export function aucOf(label: ArrayLike<number>, score: Numbers): Measure {
  const ranking = rank(label, score);
  return { value: (weights) => area(ranking, weights), influence: () => influence(label, ranking) };
}

/** `order`: rows by rising score; `positive`: whether each is; `ends`: where each run of equal scores ends in it. */
interface Ranking { readonly order: Uint32Array; readonly positive: Uint8Array; readonly ends: Uint32Array }

function rank(label: ArrayLike<number>, score: Numbers): Ranking {
  const order = Uint32Array.from(score, (_, i) => i).sort((a, b) => score[a]! - score[b]!);
  const ends: number[] = [];
  for (let i = 1; i <= order.length; i++) if (i === order.length || score[order[i]!] !== score[order[i - 1]!]) ends.push(i);
  return { order, positive: Uint8Array.from(order, (row) => (label[row] === 1 ? 1 : 0)), ends: Uint32Array.from(ends) };
}

function area({ order, positive: isPositive, ends }: Ranking, weights: Weights): number {
  let [below, positives, pairs, at] = [0, 0, 0, 0];
  for (let run = 0; run < ends.length; run++) {
    let [positive, negative] = [0, 0];
    for (const end = ends[run]!; at < end; at++) {
      const w = weights === null ? 1 : weights[order[at]!]!;
      const own = w * isPositive[at]!;
      positive += own;
      negative += w - own;
    }
    pairs += positive * (below + negative / 2);
    below += negative;
    positives += positive;
  }
  return pairs / (positives * below);
}

function influence(label: ArrayLike<number>, ranking: Ranking): Float64Array {
  const { order, ends } = ranking;
  const placed = new Float64Array(order.length);
  let [negatives, positives, from] = [0, 0, 0];
  for (const end of ends) {
    let [positive, negative] = [0, 0];
    for (let i = from; i < end; i++) {
      if (label[order[i]!] === 1) positive++;
      else negative++;
    }
    for (let i = from; i < end; i++) placed[order[i]!] = label[order[i]!] === 1 ? negatives + negative / 2 : positives + positive / 2;
    [negatives, positives, from] = [negatives + negative, positives + positive, end];
  }
  const auc = area(ranking, null);
  const n = order.length;
  return placed.map((count, i) => (label[i] === 1 ? (count / negatives - auc) * (n / positives) : (1 - count / positives - auc) * (n / negatives)));
}
