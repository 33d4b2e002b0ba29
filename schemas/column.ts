import { z } from "zod";

const shared = { feature: z.boolean().default(true), description: z.string().optional() };

/**
 * What one column holds. `feature: false` keeps a column for rules and slices but out of the model.
 * An integer is never null: a nullable integer is declared as a number.
 */
export const column = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("number"), nullable: z.boolean().default(false), min: z.number().optional(), max: z.number().optional(), wide: z.boolean().default(false), ...shared }),
  z.strictObject({ type: z.literal("integer"), min: z.int().optional(), max: z.int().optional(), ...shared }),
  z.strictObject({ type: z.literal("category"), nullable: z.boolean().default(false), values: z.array(z.string()).min(1).optional(), ...shared }),
  z.strictObject({ type: z.literal("text"), nullable: z.boolean().default(false), maxLength: z.int().min(1).optional(), ...shared }),
  z.strictObject({ type: z.literal("boolean"), nullable: z.boolean().default(false), ...shared }),
  z.strictObject({ type: z.literal("time"), ...shared }),
  z.strictObject({ type: z.literal("embedding"), size: z.int().min(1).max(65_536), ...shared }),
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
