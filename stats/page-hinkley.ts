/** Plain JSON: a stream can be left and gone on with. */
export interface PageHinkley {
  readonly n: number;
  readonly mean: number;
  /** Sum of deviations from the mean, forgetting the old ones. */
  readonly sum: number;
  readonly least: number;
  /** Of the value at which the sum was least: since then it has risen. */
  readonly since: number;
}

export interface PageHinkleyOptions {
  /** A rise by less than this is none, in the stream's unit. */
  readonly delta: number;
  /** How far the sum must rise above its least value. */
  readonly threshold: number;
  /** Fewest values before it may say anything. */
  readonly fewest: number;
  /** What is kept of the sum at each value, at most 1. */
  readonly keep: number;
}

export const startPageHinkley: PageHinkley = { n: 0, mean: 0, sum: 0, least: 0, since: 0 };
export const usualPageHinkley: PageHinkleyOptions = { delta: 0.005, threshold: 50, fewest: 30, keep: 0.9999 };

/**
 * One more value of a stream whose mean may rise: Page's test with Hinkley's correction. Page, Biometrika 41 (1954) 100; Gama et al., A Survey on Concept
 * Drift Adaptation (2014), 3.2.1; the same as river's `PageHinkley(mode="up")`.
 * @returns the next state (a new start after a change), and where the rise began, counted from 1 in this state's stream; null where there is none
 */
export function observePageHinkley(state: PageHinkley, value: number, { delta, threshold, fewest, keep }: PageHinkleyOptions = usualPageHinkley): { readonly state: PageHinkley; readonly risenSince: number | null } {
  const n = state.n + 1;
  const mean = state.mean + (value - state.mean) / n;
  const sum = keep * state.sum + (value - mean - delta);
  const isLeast = sum < state.least;
  const next = { n, mean, sum, least: isLeast ? sum : state.least, since: isLeast ? n : state.since };
  return n >= fewest && sum - next.least > threshold ? { state: startPageHinkley, risenSince: next.since + 1 } : { state: next, risenSince: null };
}
