import { z } from "zod";
import { identifier } from "./names.ts";
import { timezone } from "./time.ts";

/** Raised whenever a sketch's meaning changes: cached sketches of another format are never read. */
export const sketchFormat = 1;

/** At most this many distinct numbers are counted one by one; more are counted in buckets. */
export const maxExactNumbers = 256;

/** At most this many categories are counted one by one; the rest are counted together, with an error bound. */
export const maxCategories = 4096;

const count = z.number().int().min(0);

/** Centre and scale of the buckets of one number: see `stats/buckets.ts`. `discrete`: few enough values to count each. `repeats`: values come back often, so a scan counts them before it computes with them. */
const numberFrame = { center: z.number(), scale: z.number().positive(), discrete: z.boolean(), repeats: z.boolean().optional() };

/** How one column is sketched. `length` is a text's, `norm` an embedding's: numbers that stand for them. */
export const columnFrame = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("number"), ...numberFrame }).readonly(),
  z.strictObject({ kind: z.literal("length"), ...numberFrame }).readonly(),
  z.strictObject({ kind: z.literal("norm"), ...numberFrame }).readonly(),
  z.strictObject({ kind: z.literal("category") }).readonly(),
  z.strictObject({ kind: z.literal("pattern") }).readonly(),
  z.strictObject({ kind: z.literal("time") }).readonly(),
]);
export type ColumnFrame = z.infer<typeof columnFrame>;
export type NumberFrame = Extract<ColumnFrame, { center: number }>;

/**
 * What every sketch of a pipeline has in common, frozen with the first accepted snapshot so that sketches of different
 * days merge. `timezone` is where hours of the day are read.
 */
export const frame = z.strictObject({ version: z.literal(1), pipeline: z.string(), timezone, columns: z.record(identifier, columnFrame) }).readonly();
export type Frame = z.infer<typeof frame>;

/**
 * A column of numbers. `count` is of finite values; `values` counts each distinct one, ascending, while there are at most
 * 256, else `buckets` counts them by bucket number, ascending. `whole` and `tens`: how many are multiples of 1 and of 10.
 */
export const numberSketch = z.strictObject({
  kind: z.literal("number"),
  center: z.number(),
  scale: z.number().positive(),
  nulls: count,
  nan: count,
  infinite: count,
  count,
  min: z.number().nullable(),
  max: z.number().nullable(),
  sum: z.number(),
  squares: z.number(),
  whole: count,
  tens: count,
  values: z.array(z.tuple([z.number(), count])).nullable(),
  buckets: z.array(z.tuple([z.int(), count])),
}).readonly();
export type NumberSketch = z.infer<typeof numberSketch>;

/**
 * A column of strings, counted by value in code-unit order. Past 4,096 values the rarest are only `dropped` rows, none of
 * whose values had more than `bound` of them.
 */
export const categorySketch = z.strictObject({
  kind: z.literal("category"),
  nulls: count,
  count,
  values: z.array(z.tuple([z.string(), count])),
  dropped: count,
  bound: count,
}).readonly();
export type CategorySketch = z.infer<typeof categorySketch>;

/** A column of instants. `hours`: rows by hour of the day in the frame's time zone. `min`, `max`: microseconds since 1970. */
export const timeSketch = z.strictObject({
  kind: z.literal("time"),
  nulls: count,
  count,
  min: z.number().nullable(),
  max: z.number().nullable(),
  hours: z.array(count).length(24),
  /** Rows whose minute, second and below are all zero. */
  onTheHour: count,
}).readonly();
export type TimeSketch = z.infer<typeof timeSketch>;

export const columnSketch = z.discriminatedUnion("kind", [numberSketch.unwrap(), categorySketch.unwrap(), timeSketch.unwrap()]).readonly();
export type ColumnSketch = NumberSketch | CategorySketch | TimeSketch;

/** `sketches/<partition>/<frame>-<format>.json`: what later steps need to know of a partition without reading it again. */
export const sketch = z.strictObject({ version: z.literal(1), rows: count, columns: z.record(identifier, columnSketch) }).readonly();
export type Sketch = z.infer<typeof sketch>;
