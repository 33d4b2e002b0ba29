import { z } from "zod";
import { about } from "./about.ts";

const shared = {
  feature: z.boolean().default(true).meta(about("Whether the model sees it; false keeps it for rules, slices and metrics only", false)),
  private: z.boolean().optional().meta(about("Whether its values never leave the serving process's memory: kept out of the prediction log", true)),
  description: z.string().optional().meta(about("What it means, for people", "great circle, in miles")),
};
const nullable = z.boolean().default(false).meta(about("Whether it may be null; else a row with a null is quarantined", true));
const least = "Smallest value allowed, itself included; rows below are quarantined";
const most = "Largest value allowed, itself included; rows above are quarantined";

/**
 * What one column holds. An integer is never null: a nullable integer is declared as a number.
 */
export const column = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("number").meta(about("A number; the model gets float32, and NaN for null", "number")),
    nullable,
    min: z.number().optional().meta(about(least, 0)),
    max: z.number().optional().meta(about(most, 99.5)),
    wide: z.boolean().default(false).meta(about("Whether the model gets double instead of float32", true)),
    ...shared,
  }),
  z.strictObject({
    type: z.literal("integer").meta(about("A whole number, never null; the model gets int64", "integer")),
    min: z.int().optional().meta(about(least, 0)),
    max: z.int().optional().meta(about(most, 23)),
    ...shared,
  }),
  z.strictObject({
    type: z.literal("category").meta(about("Text from a small set; the model gets a string, and \"\" for null", "category")),
    nullable,
    values: z.array(z.string()).min(1).optional().meta(about("All values there are; rows with another are quarantined", ["EWR", "JFK", "LGA"])),
    ...shared,
  }),
  z.strictObject({
    type: z.literal("text").meta(about("Any text; the model gets a string, and \"\" for null", "text")),
    nullable,
    maxLength: z.int().min(1).optional().meta(about("Most characters allowed; rows with more are quarantined", 500)),
    ...shared,
  }),
  z.strictObject({ type: z.literal("boolean").meta(about("True or false; the model gets float32 0 or 1, and NaN for null", "boolean")), nullable, ...shared }),
  z.strictObject({ type: z.literal("time").meta(about("An instant, never null; the model gets int64 microseconds since 1970 in UTC", "time")), ...shared }),
  z.strictObject({
    type: z.literal("embedding").meta(about("A list of floats of one length, never null; the model gets float32 [n,size]", "embedding")),
    size: z.int().min(1).max(65_536).meta(about("How many floats each row's list has", 384)),
    ...shared,
  }),
]);
export type Column = Readonly<z.infer<typeof column>>;
export type ColumnInput = z.input<typeof column>;

type Options<T extends Column["type"]> = Omit<Extract<ColumnInput, { type: T }>, "type">;

/** A float column; null unless `nullable` is refused. `wide: true` keeps double precision in the model's input. */
export const number = (options: Options<"number"> = {}): ColumnInput => ({ type: "number", ...options });
export const integer = (options: Options<"integer"> = {}): ColumnInput => ({ type: "integer", ...options });
/** A string from a small set; `values` closes the set. */
export const category = (options: Options<"category"> = {}): ColumnInput => ({ type: "category", ...options });
export const text = (options: Options<"text"> = {}): ColumnInput => ({ type: "text", ...options });
export const boolean = (options: Options<"boolean"> = {}): ColumnInput => ({ type: "boolean", ...options });
/** An instant; the model sees microseconds since 1970 in UTC. */
export const time = (options: Options<"time"> = {}): ColumnInput => ({ type: "time", ...options });
/** A fixed-length list of floats. */
export const embedding = (size: number, options: Omit<Options<"embedding">, "size"> = {}): ColumnInput => ({ type: "embedding", size, ...options });
