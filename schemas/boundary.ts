import type { z } from "zod";
import { RelearnError } from "./failures.ts";
import { problemsOf } from "./problems.ts";

/**
 * Reads a value that crossed a process boundary.
 * @param what names the value for the person who must mend it: a file, an object key, a message.
 * @throws RelearnError `InvalidInput`, one line a problem: field, what was expected with an example, what was found.
 */
export function readAs<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = problemsOf(schema, value, result.error.issues).map(({ field, text }) => `  ${field || "the value"}: ${text}`);
  throw new RelearnError("InvalidInput", `${what} is not valid:\n${lines.join("\n")}`);
}

/** Reads JSON text as `schema`; a text that is no JSON is an `InvalidInput` too. */
export function readJson<S extends z.ZodType>(schema: S, text: string, what: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RelearnError("InvalidInput", `${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  return readAs(schema, value, what);
}
