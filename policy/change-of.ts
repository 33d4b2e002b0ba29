import type { AlarmEvidence } from "../schemas/alarm.ts";
import type { WindowMetric, WindowReport } from "../schemas/window-report.ts";
import { familyOf } from "./metric-thresholds.ts";

export interface Change {
  readonly shape: "sudden" | "gradual" | null;
  /** Start of the base window in which it began. */
  readonly began: string | null;
}

/** Fewer windows, this one included, say nothing of how a change came. */
const fewestWindows = 3;

/** A change is said to have come little by little only where a ramp leaves less than this share of what a jump leaves unexplained. */
const clearlyBetter = 0.75;

/**
 * When a metric left what was usual, and whether at once: the jump, and the ramp that is still rising, that come closest to its series by least squares. Over
 * a rolling span even a jump takes as long as the span to show in full, so a jump is drawn as that, and what has taken no longer than a span is none but a jump. A change-point
 * model with one change: Bai, Estimating multiple breaks one at a time (1997), and its broken-line kin.
 */
export function changeOf(evidence: AlarmEvidence, report: WindowReport, history: readonly WindowReport[]): Change {
  const series = seriesUpTo(evidence, report, history);
  if (series.length < fewestWindows) return { shape: null, began: series.length < 2 ? null : report.window.from };
  const values = series.map(({ value }) => value);
  const span = windowsInSpan(report);
  const jump = bestFit(values, (since) => Math.min(1, since / span));
  const ramps = [bestFit(values, (since) => since), bestFit(values, (since) => since * since)];
  const ramp = ramps.reduce((best, one) => (one.left < best.left ? one : best));
  const isGradual = values.length - ramp.start > span && ramp.left < clearlyBetter * jump.left;
  return { shape: isGradual ? "gradual" : "sudden", began: series[(isGradual ? ramp : jump).start]!.from };
}

function seriesUpTo({ metric, subject, observed }: AlarmEvidence, report: WindowReport, history: readonly WindowReport[]): readonly { readonly from: string; readonly value: number }[] {
  const isOf = (one: WindowMetric): boolean => familyOf(one) === metric && one.subject === subject;
  const own = report.metrics.find((one) => isOf(one) && one.value === observed);
  if (own === undefined) return [];
  return [...history, report].flatMap(({ window, metrics }) => {
    const found = metrics.find((one) => isOf(one) && one.estimated === own.estimated);
    return found?.value == null ? [] : [{ from: window.from, value: found.value }];
  });
}

function windowsInSpan({ over, window }: WindowReport): number {
  const ms = ({ from, to }: { readonly from: string; readonly to: string }): number => Date.parse(to) - Date.parse(from);
  return Math.max(1, Math.round(ms(over) / ms(window)));
}

interface Fit {
  /** Place of the first value that is not usual. */
  readonly start: number;
  /** Sum of squares that it leaves. */
  readonly left: number;
}

/** The start, after the first value, from which a change of this form explains most. @param form by how far, so many windows after the start, the first being 1 */
function bestFit(values: readonly number[], form: (since: number) => number): Fit {
  let best: Fit = { start: values.length - 1, left: Infinity };
  for (let start = values.length - 1; start >= 1; start--) {
    const left = unexplained(values, values.map((_, i) => (i < start ? 0 : form(i - start + 1))));
    if (left < best.left) best = { start, left };
  }
  return best;
}

/** What a straight line of `x` leaves of `y`. */
function unexplained(y: readonly number[], x: readonly number[]): number {
  const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < y.length; i++) {
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return xx === 0 ? yy : Math.max(0, yy - xy ** 2 / xx);
}
