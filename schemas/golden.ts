import { z } from "zod";
import { identifier } from "./names.ts";

/** A value as JSON: null is null, an integer beyond 2^53 a string of its digits, an embedding a list. */
const value = z.union([z.number(), z.string(), z.boolean(), z.null(), z.array(z.number())]);
export type GoldenValue = z.infer<typeof value>;

/**
 * Some rows and what onnxruntime made of them when the version was judged: a server gives none of its callers an answer before the
 * model has given these again. Values of private columns are not among them: what stands for null, or for nothing, is in their place.
 */
export const golden = z.strictObject({
  version: z.literal(1),
  /** Column by column, in the order of the manifest's inputs; each has a value a row. */
  columns: z.array(z.strictObject({ name: identifier, values: z.array(value).readonly() }).readonly()).readonly(),
  /** Row by row: a score a class in the order of the classes, or one value. */
  scores: z.array(z.array(z.number()).readonly()).readonly(),
}).readonly();
export type Golden = z.infer<typeof golden>;
