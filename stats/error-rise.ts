import { observeAdwin, startAdwin } from "./adwin.ts";

export interface Rise {
  /** By what share of the mean before the mean error has risen; 0 where no rise is sure. */
  readonly share: number;
  readonly before: number;
  readonly after: number;
  /** Rows before it. */
  readonly at: number;
}

/** Fewer rows before a rise say nothing of what was usual. */
const fewestBefore = 100;

/** The last surely other mean of a stream of errors, by ADWIN over its rows in the order of time; only where it is a higher one. */
export function riseOf(errors: ArrayLike<number>): Rise {
  let state = startAdwin;
  let at = 0;
  for (let i = 0; i < errors.length; i++) {
    const observed = observeAdwin(state, errors[i]!);
    state = observed.state;
    if (observed.cut > 0) at = i + 1 - state.buckets.reduce((n, bucket) => n + bucket.n, 0);
  }
  const [before, after] = [meanOf(errors, 0, at), meanOf(errors, at, errors.length)];
  return at < fewestBefore || !(after > before) ? { share: 0, before, after, at: 0 } : { share: before === 0 ? 1 : (after - before) / before, before, after, at };
}

function meanOf(values: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return to === from ? 0 : sum / (to - from);
}
