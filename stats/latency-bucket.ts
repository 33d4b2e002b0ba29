/** Each bucket ends 8 % above where it begins, so that a percentile read from counts is at most 8 % too high. */
const ratio = 1.08;
/** 1.7 microseconds to 40 minutes: what lies beyond counts in the last bucket. */
const [lowest, highest] = [-83, 190];
const perLog = 1 / Math.log(ratio);

/** Number of the bucket of a time to answer: `floor(log(ms) / log(1.08))`, within -83 and 190. Its counts add up over servers. @param ms not NaN */
export function latencyBucket(ms: number): number {
  return ms <= 0 ? lowest : Math.min(highest, Math.max(lowest, Math.floor(Math.log(ms) * perLog)));
}

/** Milliseconds that no time in the bucket exceeds: `1.08^(bucket + 1)`; Infinity for the last one. */
export const latencyBucketEnd = (bucket: number): number => (bucket >= highest ? Infinity : ratio ** (bucket + 1));

/** Milliseconds that every time in the bucket reaches: `1.08^bucket`; 0 for the first one. */
export const latencyBucketStart = (bucket: number): number => (bucket <= lowest ? 0 : ratio ** bucket);
