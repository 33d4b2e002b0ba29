/** A bucket of an adaptive window: so many values, their sum, and the sum of squared deviations from their mean. */
interface Bucket { readonly n: number; readonly sum: number; readonly deviations: number }

/** Plain JSON: a stream can be left and gone on with. Oldest bucket first; sizes are powers of two. */
export interface Adwin { readonly buckets: readonly Bucket[]; readonly seen: number }

export const startAdwin: Adwin = { buckets: [], seen: 0 };

/** So many buckets of one size before the two oldest become one. */
const mostOfASize = 5;
/** Values between two looks, and fewest in a window, and in each part of it, that is looked at. */
const [lookEvery, fewest, fewestInPart] = [32, 10, 5];

/**
 * One more value of a stream whose mean may change: ADWIN2 keeps the longest window whose parts do not differ, in buckets whose number grows with the
 * logarithm of its length. Bifet and Gavaldà, Learning from Time-Changing Data with Adaptive Windowing (SDM 2007).
 * @param delta chance of cutting a window of one mean
 * @returns the next state, and how many values were cut off because they are of another mean; 0 where nothing has changed
 */
export function observeAdwin(state: Adwin, value: number, delta = 0.002): { readonly state: Adwin; readonly cut: number } {
  const buckets = compressed([...state.buckets, { n: 1, sum: value, deviations: 0 }]);
  const seen = state.seen + 1;
  if (seen % lookEvery !== 0 || total(buckets) <= fewest) return { state: { buckets, seen }, cut: 0 };
  const kept = shrunk(buckets, delta);
  return { state: { buckets: kept, seen }, cut: total(buckets) - total(kept) };
}

/** Mean of the window; NaN before the first value. */
export const adwinMean = ({ buckets }: Adwin): number => buckets.reduce((sum, bucket) => sum + bucket.sum, 0) / total(buckets);

const total = (buckets: readonly Bucket[]): number => buckets.reduce((sum, { n }) => sum + n, 0);

function joined(a: Bucket, b: Bucket): Bucket {
  const apart = a.sum / a.n - b.sum / b.n;
  return { n: a.n + b.n, sum: a.sum + b.sum, deviations: a.deviations + b.deviations + (a.n * b.n * apart * apart) / (a.n + b.n) };
}

/** From the newest size up: where there are too many of a size, the two oldest of it become one. */
function compressed(buckets: readonly Bucket[]): readonly Bucket[] {
  const list = [...buckets];
  for (let size = 1; ; size *= 2) {
    const first = list.findIndex(({ n }) => n === size);
    if (first < 0 || list.filter(({ n }) => n === size).length <= mostOfASize) return list;
    list.splice(first, 2, joined(list[first]!, list[first + 1]!));
  }
}

/** Drops the oldest bucket for as long as some older part differs from the newer one. */
function shrunk(buckets: readonly Bucket[], delta: number): readonly Bucket[] {
  let list = buckets;
  while (list.length > 1 && hasCut(list, delta)) list = list.slice(1);
  return list;
}

function hasCut(buckets: readonly Bucket[], delta: number): boolean {
  const all = buckets.reduce(joined);
  let older: Bucket = { n: 0, sum: 0, deviations: 0 };
  for (const bucket of buckets.slice(0, -1)) {
    older = older.n === 0 ? bucket : joined(older, bucket);
    const [n0, n1] = [older.n, all.n - older.n];
    if (n0 < fewestInPart || n1 < fewestInPart) continue;
    if (Math.abs(older.sum / n0 - (all.sum - older.sum) / n1) > bound(all, n0, n1, delta)) return true;
  }
  return false;
}

/** The paper's epsilon_cut, with the variance of the window. */
function bound({ n, deviations }: Bucket, n0: number, n1: number, delta: number): number {
  const m = 1 / (n0 - fewestInPart + 1) + 1 / (n1 - fewestInPart + 1);
  const dp = Math.log((2 * Math.log(n)) / delta);
  return Math.sqrt(2 * m * (deviations / n) * dp) + (2 / 3) * m * dp;
}
