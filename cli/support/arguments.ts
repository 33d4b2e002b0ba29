import { Temporal } from "temporal-polyfill";
import { RelearnError } from "../../schemas/failures.ts";
import { name as nameSchema } from "../../schemas/names.ts";

const clip = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
const usage = (message: string): RelearnError => new RelearnError("Usage", message);

/** A pipeline's or model's name. @throws RelearnError `Usage` */
export function readName(text: string, what: "pipeline" | "model" = "model"): string {
  if (nameSchema.safeParse(text).success) return text;
  throw usage(`${clip(text)} cannot be the name of a ${what}: it must be 1 to 63 lower-case letters, digits or hyphens, not starting with a hyphen`);
}

/** A version number, with or without a leading v. @throws RelearnError `Usage` */
export function readVersion(text: string): number {
  const number = /^v?([1-9]\d{0,8})$/.exec(text)?.[1];
  if (number === undefined) throw usage(`${clip(text)} is no version: give its number, such as 3`);
  return Number(number);
}

/** `flights`, `flights@3`, `flights@champion`. */
export function readModel(text: string): { readonly model: string; readonly version: number | "champion" | null } {
  const [model = "", version, ...rest] = text.split("@");
  if (rest.length > 0) throw usage(`${clip(text)} is no model: give flights, flights@3 or flights@champion`);
  return { model: readName(model), version: version === undefined ? null : version === "champion" ? version : readVersion(version) };
}

/**
 * An instant in any ISO 8601 form; without a zone, and as a date alone, it is read in `timezone`.
 * @returns UTC, ISO 8601. @throws RelearnError `Usage`
 */
export function readInstant(text: string, timezone = "UTC"): string {
  try {
    if (/(z|[+-]\d{2}:?\d{2})$/i.test(text) && text.includes("T")) return new Date(Temporal.Instant.from(text).epochMilliseconds).toISOString();
    return new Date(Temporal.PlainDateTime.from(text).toZonedDateTime(timezone).epochMilliseconds).toISOString();
  } catch (error) {
    throw new RelearnError("Usage", `${clip(text)} is no time: give one such as 2013-03-01T08:00:00Z or 2013-03-01`, { cause: error });
  }
}

/** Two machines' clocks may differ by so much without either being wrong. */
const clockSkewMs = 60_000;

/**
 * An instant that has passed: nobody can know yet what lands until a later one.
 * @param option what was given, for the message
 * @param now epoch milliseconds
 * @returns UTC, ISO 8601. @throws RelearnError `Usage`
 */
export function readPast(option: string, text: string, timezone = "UTC", now = Date.now()): string {
  const instant = readInstant(text, timezone);
  if (Date.parse(instant) <= now + clockSkewMs) return instant;
  throw usage(`${option} ${clip(text)} is ${instant}, which lies in the future: it is ${new Date(now).toISOString()} now. Give a time that has passed`);
}

/** How many rows to list. @throws RelearnError `Usage` */
export function readLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw usage(`--limit must be a whole number from 1 to 999999, found ${clip(text)}`);
  return Number(text);
}

/** A percentage. @throws RelearnError `Usage` */
export function readShare(text: string): number {
  if (/^\d{1,3}(\.\d{1,4})?%?$/.test(text) && parseFloat(text) <= 100) return parseFloat(text);
  throw usage(`a share must be a percentage from 0 to 100, found ${clip(text)}`);
}

/** @throws RelearnError `Usage` */
export function readDigest(text: string): string {
  const digest = text.replace(/^sha256:/, "").toLowerCase();
  if (!/^[0-9a-f]{12,64}$/.test(digest)) throw usage(`--digest must be at least 12 hex digits of the digest that the run shows, found ${clip(text)}`);
  return digest;
}

/** A text that is kept: at most `max` characters. @throws RelearnError `Usage` */
export function readText(option: string, text: string, max: number): string {
  if (text.trim() === "" || text.length > max) throw usage(`${option} must be a text of 1 to ${max} characters, found ${text.length}`);
  return text.trim();
}
