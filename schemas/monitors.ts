import { z } from "zod";
import { about } from "./about.ts";
import { identifier, title } from "./names.ts";
import { span } from "./time.ts";

/** One aggregate, in DuckDB's sandbox. */
const aggregate = z.string().min(1).max(100_000);

/**
 * When a metric alarms. `auto`: when it leaves the range in which it lay while the pipeline was quiet. `off`: never.
 */
export const threshold = z.union([
  z.enum(["auto", "off"]),
  z.strictObject({ above: z.number().optional(), below: z.number().optional() }).refine(({ above, below }) => above !== undefined || below !== undefined, "needs above, below, or both"),
]);
export type Threshold = Readonly<z.infer<typeof threshold>>;

const thresholdName = z.string().min(1).max(200);

/** What is watched while a version serves, as written in a definition. */
export const monitors = z.strictObject({
  every: span.refine((text) => /^(P(\d+W)?(\d+D)?|PT\d+H)$/.test(text), "must be a whole number of hours or of days, such as PT1H or P1D").default("P1D").meta(about("Length of a base window, a whole number of hours or days: how often metrics are taken", "PT1H")),
  over: span.default("P7D").meta(about("Rolling span over which distances and quality are taken, stepped every base window: at least one whole season", "P7D")),
  minRows: z.int().min(1).default(200).meta(about("Fewest rows in the span before it is judged", 500)),
  columns: z.array(identifier).min(1).max(1_000).optional().meta(about("Columns whose distribution is held against the training data; left out, all features but the seasonal ones", ["distance", "precip"])),
  seasonal: z.array(identifier).max(1_000).default([]).meta(about("Columns that are functions of time, such as the hour: their distances are left out", ["hour", "day_of_week"])),
  inputs: z.record(title, aggregate).refine((entries) => Object.keys(entries).length <= 200, { abort: true, error: "must have at most 200 entries" }).default({}).meta({ ...about("Aggregates over the served features, by what people call them", { "missing precip": "avg((precip is null)::int)" }), maxProperties: 200 }),
  outputs: z.record(title, aggregate).refine((entries) => Object.keys(entries).length <= 200, { abort: true, error: "must have at most 200 entries" }).default({}).meta({ ...about("Aggregates over the answers: score (of class 1, or the highest of several) or value, label, latency_ms, error, and the features", { "sent to a human": "avg((score between 0.4 and 0.6)::int)" }), maxProperties: 200 }),
  thresholds: z.record(thresholdName, threshold).default({}).meta(about("When a metric alarms: by its name, or by its name and what it is of; auto takes it from quiet windows, off turns it off", { psi: "auto", "missing precip": { above: 0.2 } })),
});
export type Monitors = Readonly<z.infer<typeof monitors>>;
