import { z } from "zod";
import { about } from "./about.ts";
import { identifier } from "./names.ts";
import { duration } from "./time.ts";

/**
 * Where landing files lie. `uri` is `s3://bucket/key` or a folder path; with `{yyyy}`, `{MM}`, `{dd}`, `{HH}` it names one
 * file per calendar span, without them it is a prefix under which every file of the format counts.
 * CSV and JSON Lines arrive as text: columns that the definition declares are converted (`NA`, `null`, `NaN` and the like are missing
 * values except in text), all others stay text for `prepare` to cast.
 */
export const source = z.strictObject({
  format: z.enum(["parquet", "csv", "jsonl"]).meta(about("How its files are written; jsonl is one JSON object a line", "csv")),
  uri: z.string().min(1).meta(about("s3:// address or folder; {yyyy} {MM} {dd} {HH} name one file per span, without them it is a prefix of files", "s3://landing/flights/{yyyy}-{MM}.csv")),
  time: identifier.meta(about("Column with a row's event time; without a zone it is read in the pipeline's time zone", "scheduled_at")),
  key: z.union([identifier, z.array(identifier).min(1)]).optional().meta(about("Column or columns that name a row; rows with the key of another are dropped and counted. Left out, the whole row names itself", "flight_id")),
  lookback: duration.default("P1D").meta(about("How far before the start of a row's partition prepare sees in <source>_past", "P2D")),
  success: z.boolean().default(false).meta(about("Whether a file counts only once <file>_SUCCESS, or _SUCCESS in its folder, lies there", true)),
  delimiter: z.string().length(1).optional().meta(about("One character between the fields of a CSV; left out, a comma", ";")),
});
export type Source = Readonly<z.infer<typeof source>>;
export type SourceInput = z.input<typeof source>;

type Options = Omit<SourceInput, "format" | "uri">;
export const parquet = (uri: string, options: Options): SourceInput => ({ format: "parquet", uri, ...options });
export const csv = (uri: string, options: Options): SourceInput => ({ format: "csv", uri, ...options });
export const jsonl = (uri: string, options: Options): SourceInput => ({ format: "jsonl", uri, ...options });
