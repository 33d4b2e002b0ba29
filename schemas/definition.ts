import { z } from "zod";
import { type CalendarUnit, unitOf } from "./calendar.ts";
import { column } from "./column.ts";
import { gate } from "./gate.ts";
import { identifier, name, title } from "./names.ts";
import { source } from "./source.ts";
import { duration, timezone } from "./time.ts";

/** One SELECT statement, or one expression, in DuckDB's sandbox. */
const sql = z.string().min(1).max(100_000);

/**
 * How many of each a definition may have. Every column is sketched, every rule judged and every slice and metric measured by itself, so
 * more of them than a person wrote on purpose must not take a worker's memory and hours.
 */
export const most = { columns: 1_000, rules: 200, slices: 200, metrics: 200, gates: 200, sources: 50, golden: 50, characters: 1_000_000 } as const;

/** A record with at most so many entries; JSON Schema says so too. */
function upTo<K extends z.ZodString, V extends z.ZodType>(max: number, key: K, value: V) {
  const fits = (entries: object) => Object.keys(entries).length <= max;
  return z.record(key, value).refine(fits, { abort: true, error: ({ input }) => `must have at most ${max} entries, found ${Object.keys(input as object).length}` }).meta({ maxProperties: max });
}

const label = z.strictObject({
  column: identifier,
  task: z.enum(["binary", "multiclass", "regression"]),
  /** How long after a row's event time its label is known for certain. */
  arrives: duration.default("PT0S"),
});

const windows = z.strictObject({
  /** `all` that has landed, or the span right before the holdout. */
  train: z.union([z.literal("all"), duration]).default("all"),
  /** A run with less history than this is held. */
  atLeast: duration.default("P1D"),
  holdout: duration,
  /** How long a run whose data is not complete waits for it before it gives up. */
  patience: duration.default("PT6H"),
});

const trainer = z.strictObject({
  /** Any program in any language; `python` is the one of Relearn's own environment. */
  command: z.array(z.string().min(1)).min(1),
  /** Where the command runs; left out, the folder of the definition's file. */
  workdir: z.string().optional(),
  launcher: z.enum(["local"]).default("local"),
  params: z.record(z.string(), z.json()).default({}),
  timeout: duration.default("PT6H"),
  seed: z.int().min(0).default(1),
});

const approval = z.strictObject({
  /** How many different people must say yes. */
  required: z.int().min(1).max(20).default(1),
  /** Names that may answer; left out, anyone who can reach Temporal. */
  approvers: z.array(z.string().min(1).max(120)).min(1).optional(),
  /** How long the question stands. */
  within: duration.default("P7D"),
});

const validation = z.strictObject({
  /** Largest share of rows that may be quarantined. */
  maxQuarantined: z.number().min(0).max(1).default(0.01),
  /** How far a partition's row count may lie from the last accepted snapshot's typical one: 0.5 is half to double. */
  rowCountBand: z.number().min(0).max(1).default(0.5),
  /** PSI above which a column's drift against the champion's reference stops the run; null only reports it. */
  maxDrift: z.number().positive().nullable().default(null),
});

const written = z.strictObject({
  name,
  timezone: timezone.default("UTC"),
  sources: upTo(most.sources, identifier, source).refine((sources) => Object.keys(sources).length > 0, "needs at least one source"),
  /** The source whose rows are the data set's; left out, the first. */
  primary: identifier.optional(),
  prepare: sql.optional(),
  columns: upTo(most.columns, identifier, column).refine((columns) => Object.values(columns).some((c) => c.feature), "needs at least one column that is a feature"),
  rules: upTo(most.rules, title, sql).default({}),
  label,
  windows,
  validation: validation.prefault({}),
  /** Fixed row sets that every candidate is judged on; their keys are never trained on. */
  golden: upTo(most.golden, identifier, source).default({}),
  /** Percent of keys that no run ever trains on, judged as the holdout `reserve`. */
  reserve: z.number().min(0).max(50).default(0),
  trainer,
  slices: upTo(most.slices, title, sql).default({}),
  /** Custom metrics over the scored holdout: an aggregate expression over columns, the label, and `score` (of the positive class) or `value`. */
  metrics: upTo(most.metrics, title, z.strictObject({ sql, better: z.enum(["higher", "lower"]) })).default({}),
  /** Slices with fewer holdout rows than this are not judged. */
  minRows: z.int().min(1).default(200),
  gates: z.array(gate).min(1).max(most.gates),
  approval: approval.prefault({}),
  retrain: z.strictObject({
    /** Five-field cron in the pipeline's time zone. */
    schedule: z.string().min(9).optional(),
  }).prefault({}),
});

/**
 * A pipeline as its author wrote it, with every default filled in. Pure data: TypeScript, JSON and YAML say the same.
 * The primary source is named here, because canonical JSON keeps no order among sources.
 */
export const definition = written
  .refine((read) => JSON.stringify(read).length <= most.characters, { abort: true, error: ({ input }) => `as a whole must have at most ${most.characters} characters as JSON, found ${JSON.stringify(input).length}` })
  .refine(({ primary, sources }) => primary === undefined || primary in sources, { path: ["primary"], message: "must be one of the sources" })
  .transform((read) => ({ ...read, primary: read.primary ?? Object.keys(read.sources)[0]! }));
export type Definition = Readonly<z.infer<typeof definition>>;
export type DefinitionInput = z.input<typeof definition>;

/** Gives the author completion and type errors; the value is read and checked when a command uses it. */
export const definePipeline = (input: DefinitionInput): DefinitionInput => input;

/** Partitions are days; hours where a window is given in hours. */
export function partitionUnit(definition: Definition): CalendarUnit {
  const { train, atLeast, holdout } = definition.windows;
  return [train, atLeast, holdout].some((span) => span !== "all" && unitOf(span) === "hour") ? "hour" : "day";
}
