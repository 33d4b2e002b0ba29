import { z } from "zod";
import { about } from "./about.ts";
import { type CalendarUnit, unitOf } from "./calendar.ts";
import { column } from "./column.ts";
import { gate } from "./gate.ts";
import { monitors } from "./monitors.ts";
import { identifier, name, title } from "./names.ts";
import { retrain } from "./retrain.ts";
import { rollout } from "./rollout.ts";
import { landedSource, source } from "./source.ts";
import { duration, span, timezone } from "./time.ts";

/** One SELECT statement, or one expression, in DuckDB's sandbox. */
const sql = z.string().min(1).max(100_000);

/**
 * How many of each a definition may have. Every column is sketched, every rule judged and every slice and metric measured by itself, so
 * more of them than a person wrote on purpose must not take a worker's memory and hours.
 */
export const most = { columns: 1_000, monitors: 200, rules: 200, slices: 200, metrics: 200, gates: 200, sources: 50, golden: 50, characters: 1_000_000 } as const;

/** A record with at most so many entries; JSON Schema says so too. */
function upTo<K extends z.ZodString, V extends z.ZodType>(max: number, key: K, value: V) {
  const fits = (entries: object) => Object.keys(entries).length <= max;
  return z.record(key, value).refine(fits, { abort: true, error: ({ input }) => `must have at most ${max} entries, found ${Object.keys(input as object).length}` }).meta({ maxProperties: max });
}

const label = z.strictObject({
  column: identifier.meta(about("Column that is predicted; it is no feature", "late")),
  task: z.enum(["binary", "multiclass", "regression"]).meta(about("Kind of prediction: one of two classes (0 or 1), one of several, or a number", "binary")),
  arrives: duration.default("PT0S").meta(about("How long after a row's event time its label is known for certain; windows end that much earlier", "PT12H")),
});

const windows = z.strictObject({
  train: z.union([z.literal("all"), span]).default("all").meta(about("What is trained on: all that has landed, or the span right before the holdout", "P90D")),
  atLeast: duration.default("P1D").meta(about("Least history to train on; a run with less is held", "P1M")),
  holdout: span.meta(about("Newest span of rows, judged on and not trained on", "P7D")),
  patience: duration.default("PT6H").meta(about("How long a run whose data is not complete waits before it gives up", "P1D")),
});

const trainer = z.strictObject({
  command: z.array(z.string().min(1)).min(1).meta(about("Program and arguments, in any language; python is the one of Relearn's own environment", ["python", "train.py"])),
  workdir: z.string().optional().meta(about("Folder in which it runs; left out, the folder of the definition's file", "trainer")),
  launcher: z.enum(["local"]).default("local").meta(about("Where it runs: local is a process on the worker's machine", "local")),
  params: z.record(z.string(), z.json()).default({}).meta(about("Anything the trainer wants, handed to it as JSON", { num_leaves: 63 })),
  timeout: span.default("PT6H").meta(about("Longest time it may run before it is stopped", "PT2H")),
  seed: z.int().min(0).default(1).meta(about("For its random numbers: the same seed and data should give the same model", 7)),
});

const approval = z.strictObject({
  required: z.int().min(1).max(20).default(1).meta(about("How many different people must say yes", 2)),
  approvers: z.array(z.string().min(1).max(120)).min(1).optional().meta(about("Names that may answer; left out, anyone who can reach Temporal", ["ada", "grace"])),
  within: span.default("P7D").meta(about("How long the question stands before it expires", "P2D")),
})
  .refine(({ approvers }) => approvers === undefined || new Set(approvers).size === approvers.length, { path: ["approvers"], message: "must name each person once" })
  .refine(({ required, approvers }) => approvers === undefined || required <= approvers.length, { path: ["required"], message: "must not be more than there are approvers: nobody could ever say yes often enough" });

const validation = z.strictObject({
  maxQuarantined: z.number().min(0).max(1).default(0.01).meta(about("Largest share of rows that may be quarantined; more stops the run", 0.01)),
  rowCountBand: z.number().min(0).max(1).default(0.5).meta(about("How far a partition's row count may lie from the typical one: 0.5 is half to double, 1 turns the check off", 0.3)),
  maxDistrusted: z.number().min(0).max(1).optional().meta(about("Largest share of feedback's labels that may be left out because their senders are not trusted; more stops the run; left out, 0.1", 0.05)),
  maxLabelNoise: z.number().min(0).max(1).nullable().optional().meta(about("Largest share of wrong labels that the label noise gate bears; null does not ask; left out, 0.05 where a source is predictions, else not asked", 0.1)),
  maxDrift: z.number().positive().nullable().default(null).meta(about("PSI against the champion's training data above which a column stops the run; null only reports it", 0.25)),
});

const metric = z.strictObject({
  sql: sql.meta(about("Aggregate over the columns, the label, and score (of class 1, or the highest of several) or value", "abs(avg(score) - avg(late::int))")),
  better: z.enum(["higher", "lower"]).meta(about("Which way is better, for gates against the champion", "lower")),
});

const anyColumn = (columns: object) => Object.values(columns).some((one: { readonly feature: boolean }) => one.feature);

const written = z.strictObject({
  name: name.meta(about("Of the pipeline, and of the model it makes", "flights")),
  timezone: timezone.default("UTC").meta(about("IANA zone whose days, or hours, are the partitions", "America/New_York")),
  sources: upTo(most.sources, identifier, source).refine((sources) => Object.keys(sources).length > 0, "needs at least one source")
    .meta(about("Where rows land, each under the name by which prepare reads it", { flights: { format: "csv", uri: "landing/{yyyy}-{MM}-{dd}.csv", time: "scheduled_at" } })),
  primary: identifier.optional().meta(about("Source whose rows are the data set's; left out, the first", "flights")),
  prepare: sql.optional().meta(about("One SELECT (DuckDB) over the primary source and <source>_past that gives the columns and the label", "select * from flights where late is not null")),
  columns: upTo(most.columns, identifier, column).refine(anyColumn, "needs at least one column that is a feature")
    .meta(about("Each column's type and limits, in the order the model takes them", { distance: { type: "number", min: 1 } })),
  consent: identifier.optional().meta(about("Boolean column that says whether a served row may be trained on; left out, every row may", "may_train")),
  rules: upTo(most.rules, title, sql).default({}).meta(about("Conditions by what people call them; a row for which one is false is quarantined", { "a flight goes somewhere": "origin <> dest" })),
  label: label.meta(about("What is predicted", { column: "late", task: "binary" })),
  windows: windows.meta(about("Which time is trained on and judged on; partitions are hours where train, atLeast or holdout has a T part, else days", { holdout: "P7D" })),
  validation: validation.prefault({}).meta(about("When data stops a run", { maxQuarantined: 0.01 })),
  golden: upTo(most.golden, identifier, landedSource).default({})
    .meta(about("Fixed row sets that every candidate is judged on and none is trained on; they hold the prepared columns already", { storms: { format: "csv", uri: "golden/storms.csv", time: "scheduled_at" } })),
  reserve: z.number().min(0).max(50).default(0).meta(about("Percent of keys that no run ever trains on, judged as the holdout reserve", 5)),
  trainer: trainer.meta(about("The program that makes a model of rows", { command: ["python", "train.py"] })),
  slices: upTo(most.slices, title, sql).default({}).meta(about("Parts of the rows judged by themselves: conditions by what people call them", { evening: "hour >= 18" })),
  metrics: upTo(most.metrics, title, metric).default({}).meta(about("Metrics of your own over the scored holdout", { "mean shift": { sql: "abs(avg(score) - avg(late::int))", better: "lower" } })),
  minRows: z.int().min(1).default(200).meta(about("Fewest rows to judge by: a smaller slice is left out, a smaller holdout (golden sets excepted) passes no gate", 500)),
  gates: z.array(gate).min(1).max(most.gates).meta(about("Conditions a candidate must meet, one of them atLeast or atMost", [{ kind: "atLeast", metric: "auc", value: 0.65 }])),
  approval: approval.prefault({}).meta(about("Who must say yes before a model serves", { within: "P2D" })),
  rollout: rollout.prefault({ kind: "blueGreen" }).meta(about("How an approved version takes over from the champion", { kind: "canary", steps: [5, 25, 50, 100], each: "PT10M" })),
  monitors: monitors.prefault({}).meta(about("What is watched while a version serves, and when it alarms", { every: "P1D", over: "P7D" })),
  retrain: retrain.prefault({}).meta(about("When runs start by themselves", { schedule: "0 3 1 * *" })),
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
