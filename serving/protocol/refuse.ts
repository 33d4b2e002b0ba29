import { RelearnError } from "../../schemas/failures.ts";

/** Ends the reading of a request. @throws RelearnError `InvalidInput`, always. */
export function refuse(message: string): never {
  throw new RelearnError("InvalidInput", message);
}

/** A value as an error may show it: short, whatever came in, and made without reading the whole of it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return cut(JSON.stringify(value.slice(0, 60)));
  if (typeof value === "bigint") return cut(value.toString());
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? typeof value;
  if (!Array.isArray(value)) return "an object";
  return value.length <= mostShown && value.every((one) => typeof one === "number") ? cut(JSON.stringify(value)) : `a list of ${value.length}`;
}

/** Numbers of a list, such as a shape. */
const mostShown = 8;
const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
