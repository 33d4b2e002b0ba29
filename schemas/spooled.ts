import { z } from "zod";
import { column } from "./column.ts";
import { versionNumber } from "./commit.ts";
import { identifier, name, sha256 } from "./names.ts";

/** Raised when a spool's segments or the Parquet files made of them are written differently; readers of old numbers stay. */
export const predictionFormat = 1;

/** What a version takes and gives, as it stands once in each segment before the predictions made by it, and in each Parquet file's metadata. */
export const spooledContract = z.strictObject({
  format: z.literal(predictionFormat),
  model: name,
  v: versionNumber,
  digest: sha256,
  task: z.enum(["binary", "multiclass", "regression"]),
  classes: z.array(z.string()).readonly().nullable(),
  consent: identifier.nullable(),
  /** Columns whose values are kept, in the order of the model's inputs. */
  columns: z.array(z.strictObject({ name: identifier, column }).readonly()).readonly(),
  /** Private columns: their values are nowhere. */
  withheld: z.array(identifier).readonly(),
}).readonly();
export type SpooledContract = z.infer<typeof spooledContract>;

/** Where one machine keeps a model's predictions and feedback until they are in the bucket, below `<home>/serving/<model>/`. */
export const spoolKinds = ["predictions", "feedback"] as const;
export type SpoolKind = (typeof spoolKinds)[number];
