import { RelearnError } from "../../schemas/failures.ts";

/** Ends the reading of a request. @throws RelearnError `InvalidInput`, always. */
export function refuse(message: string): never {
  throw new RelearnError("InvalidInput", message);
}

/** A value as an error may show it: short, and never the whole of what came in. */
export function shown(value: unknown): string {
  const text = typeof value === "bigint" ? value.toString() : (JSON.stringify(typeof value === "string" ? value.slice(0, 60) : value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
