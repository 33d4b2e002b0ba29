/**
 * A text that JSON in its canonical form can say: half a character (a lone surrogate, as a raw signal may carry, or a cut may leave) becomes
 * U+FFFD. Without this a comment could keep its run's record from ever being written.
 */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, "\ufffd");

/** As `wellFormed`, for every text in a plain value, names of fields included. */
export function wellFormedValue<T>(value: T): T {
  if (typeof value === "string") return wellFormed(value) as T;
  if (Array.isArray(value)) return value.map(wellFormedValue) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [wellFormed(name), wellFormedValue(inner)])) as T;
}
