import { z } from "zod";
import { identifier } from "./names.ts";
import { duration } from "./time.ts";

/**
 * Where landing files lie. `uri` is `s3://bucket/key` or a folder path; with `{yyyy}`, `{MM}`, `{dd}`, `{HH}` it names one
 * file per calendar span, without them it is a prefix under which every file of the format counts.
 * CSV and JSON Lines arrive as text: columns that the definition declares are converted (`NA`, `null`, `NaN` and the like are missing
 * values except in text), all others stay text for `prepare` to cast.
 */
export const source = z.strictObject({
  format: z.enum(["parquet", "csv", "jsonl"]),
  uri: z.string().min(1),
  /** Event time of a row. A text or timestamp without a zone is read in the pipeline's time zone. */
  time: identifier,
  /** Column, or columns, that name a row: duplicates by key are dropped and counted. */
  key: z.union([identifier, z.array(identifier).min(1)]).optional(),
  /** How far before its partition's start `<source>_past` sees, up to the partition's end: each row sees at least this far back. */
  lookback: duration.default("P1D"),
  /** A file counts only once `<file>_SUCCESS`, or `_SUCCESS` in its folder, lies beside it. */
  success: z.boolean().default(false),
  delimiter: z.string().length(1).optional(),
});
export type Source = Readonly<z.infer<typeof source>>;
export type SourceInput = z.input<typeof source>;

type Options = Omit<SourceInput, "format" | "uri">;
export const parquet = (uri: string, options: Options): SourceInput => ({ format: "parquet", uri, ...options });
export const csv = (uri: string, options: Options): SourceInput => ({ format: "csv", uri, ...options });
export const jsonl = (uri: string, options: Options): SourceInput => ({ format: "jsonl", uri, ...options });
