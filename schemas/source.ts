import { z } from "zod";
import { about } from "./about.ts";
import { identifier, name } from "./names.ts";
import { duration } from "./time.ts";

const oneOrMore = z.union([identifier, z.array(identifier).min(1)]);
const lookback = duration.default("P1D").meta(about("How far before the start of a row's partition prepare sees in <source>_past", "P2D"));
const uri = z.string().min(1).meta(about("s3:// address or folder; {yyyy} {MM} {dd} {HH} name one file per span, without them it is a prefix of files", "s3://landing/flights/{yyyy}-{MM}.csv"));
const delimiter = z.string().length(1).optional().meta(about("One character between the fields of a CSV; left out, a comma", ";"));

const landed = <F extends string>(format: F, what: string) => z.strictObject({
  format: z.literal(format).meta(about(what, format)),
  uri,
  time: identifier.meta(about("Column with a row's event time; without a zone it is read in the pipeline's time zone", "scheduled_at")),
  key: oneOrMore.optional().meta(about("Column or columns that name a row; rows with the key of another are dropped and counted. Left out, the whole row names itself", "flight_id")),
  lookback,
  success: z.boolean().default(false).meta(about("Whether a file counts only once <file>_SUCCESS, or _SUCCESS in its folder, lies there", true)),
});
const landedKinds = [landed("parquet", "Parquet files that land"), landed("csv", "CSV files that land, plain or gzipped").extend({ delimiter }), landed("jsonl", "Files with one JSON object a line that land, plain or gzipped")] as const;

/** How files of rows are written. */
export const fileFormat = z.enum(["parquet", "csv", "jsonl"]).meta(about("How its files are written; jsonl is one JSON object a line", "csv"));
export type FileFormat = z.infer<typeof fileFormat>;

/** How a file of rows is read. */
export const fileReading = { format: fileFormat, uri, delimiter } as const;

/**
 * Where landing files lie. `uri` is `s3://bucket/key` or a folder path; with `{yyyy}`, `{MM}`, `{dd}`, `{HH}` it names one
 * file per calendar span, without them it is a prefix under which every file of the format counts.
 * CSV and JSON Lines arrive as text: columns that the definition declares are converted (`NA`, `null`, `NaN` and the like are missing
 * values except in text), all others stay text for `prepare` to cast.
 */
export const landedSource = z.discriminatedUnion("format", landedKinds);
export type LandedSource = Readonly<z.infer<typeof landedSource>>;

/** Which columns of a file or a table of labels say what. */
const labelColumns = {
  on: oneOrMore.default("prediction_id").meta(about("Column or columns that labels and served rows share: prediction_id, or what names a row", "order_id")),
  label: identifier.meta(about("Column that says what came true: a class, or a number", "was_fraud")),
  time: identifier.meta(about("Column that says when the label became known", "decided_at")),
  source: identifier.optional().meta(about("Column that says who said it; left out, nobody is told apart", "decided_by")),
};
/** Which column of labels from elsewhere says what. */
export type LabelColumns = Readonly<z.infer<z.ZodObject<typeof labelColumns>>>;

/** Where the labels of served rows come from. */
export const labelsFrom = z.discriminatedUnion("from", [
  z.strictObject({ from: z.literal("feedback").meta(about("What callers send to POST /v1/feedback", "feedback")) }),
  z.strictObject({ from: z.literal("files").meta(about("Files of labels, each a row with its time", "files")), ...fileReading, ...labelColumns }),
  z.strictObject({
    from: z.literal("postgres").meta(about("A table, or a view, of the database that RELEARN_POSTGRES_URL names", "postgres")),
    table: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$/, "must be table, or schema.table").meta(about("Its name; with its schema where it is not found without", "public.decisions")),
    ...labelColumns,
  }),
]);
export type LabelsFrom = Readonly<z.infer<typeof labelsFrom>>;
export type LabelFiles = Extract<LabelsFrom, { from: "files" }>;
export type LabelTable = Extract<LabelsFrom, { from: "postgres" }>;

/** What names a row that a model was asked about: the log has it, and no caller sends it. */
const servedRowKey: readonly string[] = ["prediction_id", "row"];
/** Those columns of a key that the prediction log has itself: only an id that it gave tells its rows from any other. */
export const loggedNames = (key: readonly string[]): readonly string[] => (key.includes("prediction_id") ? key.filter((name) => servedRowKey.includes(name)) : []);

/**
 * Rows that a model was asked about, with the labels that came true: features under their own names, the label under the label's, and `at`, `prediction_id`, `row`,
 * `v`, `variant`. A label counts that was known once `label.arrives` had passed since `at`; a row without consent is not there.
 */
export const predictionsSource = z.strictObject({
  format: z.literal("predictions").meta(about("What a model was asked, from its prediction log, joined with the labels that came true", "predictions")),
  model: name.optional().meta(about("Model whose predictions they are; left out, the one that the pipeline makes", "flights")),
  labels: labelsFrom.default({ from: "feedback" }).meta(about("Where their labels come from", { from: "feedback" })),
  unlabelled: z.union([z.string().min(1).max(1_000), z.number()]).optional().meta(about("Label of a row of which none was known in time; left out, such rows are left out", "0")),
  time: z.literal("at").default("at").meta(about("Column with a row's event time: always at", "at")),
  key: oneOrMore.default([...servedRowKey]).meta(about("Column or columns that name a row; rows with the key of another are dropped and counted", "order_id")),
  lookback,
});
export type PredictionsSource = Readonly<z.infer<typeof predictionsSource>>;

export const source = z.discriminatedUnion("format", [...landedKinds, predictionsSource]);
export type Source = LandedSource | PredictionsSource;
export type SourceInput = z.input<typeof source>;
export type LandedSourceInput = z.input<typeof landedSource>;

type Landed<F extends FileFormat> = Extract<LandedSourceInput, { format: F }>;
type Options<F extends FileFormat> = Omit<Landed<F>, "format" | "uri">;
export const parquet = (from: string, options: Options<"parquet">): Landed<"parquet"> => ({ format: "parquet", uri: from, ...options });
export const csv = (from: string, options: Options<"csv">): Landed<"csv"> => ({ format: "csv", uri: from, ...options });
export const jsonl = (from: string, options: Options<"jsonl">): Landed<"jsonl"> => ({ format: "jsonl", uri: from, ...options });

/** What a model was asked, as training data. */
export const predictions = (options: Omit<z.input<typeof predictionsSource>, "format"> = {}): SourceInput => ({ format: "predictions", ...options });
