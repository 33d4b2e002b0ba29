import { type Measure, ratioOf } from "./measure.ts";

/** 2 TP / (2 TP + FP + FN) of one class (van Rijsbergen 1979). NaN where the class is neither true nor predicted. */
export function f1Of(label: ArrayLike<number>, predicted: ArrayLike<number>, positive: number): Measure {
  const is = (values: ArrayLike<number>, i: number) => (values[i] === positive ? 1 : 0);
  return ratioOf(
    Float64Array.from(label, (_, i) => 2 * is(label, i) * is(predicted, i)),
    Float64Array.from(label, (_, i) => is(label, i) + is(predicted, i)),
  );
}

/** TP / (TP + FP): NaN where nothing is predicted positive. */
export function precisionOf(label: ArrayLike<number>, predicted: ArrayLike<number>): Measure {
  return ratioOf(Float64Array.from(label, (y, i) => (y === 1 && predicted[i] === 1 ? 1 : 0)), Float64Array.from(label, (_, i) => predicted[i]!));
}

/** TP / (TP + FN): NaN where nothing is positive. */
export function recallOf(label: ArrayLike<number>, predicted: ArrayLike<number>): Measure {
  return ratioOf(Float64Array.from(label, (y, i) => (y === 1 && predicted[i] === 1 ? 1 : 0)), Float64Array.from(label, (y) => y));
}
