/**
 * P values adjusted for looking at all of them: rejecting those at or below `alpha` keeps the expected share of false rejections at `alpha`.
 * In the order given, never above 1. Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289; as SciPy's `false_discovery_control`.
 */
export function adjustedP(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((a, b) => p[a]! - p[b]!);
  const adjusted = new Array<number>(p.length);
  let least = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const i = order[rank - 1]!;
    least = Math.min(least, (p[i]! * p.length) / rank);
    adjusted[i] = least;
  }
  return adjusted;
}
