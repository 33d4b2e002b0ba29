import type { Estimate } from "../schemas/evaluation.ts";

const most = 1_000_000_000;

/**
 * Rows more until the interval of a difference, which narrows with the root of the rows, would leave out zero if the
 * difference stayed as it is. Null where it already does, or where there is no interval; at most a billion.
 */
export function rowsToTell(difference: Estimate, rows: number): number | null {
  const { value, low, high } = difference;
  if (value === null || low === null || high === null || low > 0 || high < 0 || low === high) return null;
  const half = (high - low) / 2;
  return Math.min(most, Math.max(1, Math.ceil(rows * ((half / Math.abs(value)) ** 2 - 1))));
}
