import { Temporal } from "temporal-polyfill";
import { RelearnError } from "./failures.ts";
import type { Window } from "./time.ts";

/** One calendar day, or hour, in the pipeline's time zone. `name` is `2013-02-28` or `2013-02-28T05`. */
export interface CalendarSpan extends Window {
  readonly name: string;
}

export type CalendarUnit = "day" | "hour";

const zoned = (at: string, zone: string) => Temporal.Instant.from(at).toZonedDateTimeISO(zone);
const iso = (time: Temporal.ZonedDateTime) => time.toInstant().toString();

/** The last start of a day (or hour) at or before `at`. */
export function floorTo(unit: CalendarUnit, at: string, zone: string): string {
  return iso(zoned(at, zone).round({ smallestUnit: unit, roundingMode: "floor" }));
}

/** `at` plus `times` of an ISO 8601 duration, by the calendar of `zone`: P1D is a day of 23, 24 or 25 hours. */
export function addDuration(at: string, duration: string, zone: string, times = 1): string {
  const step = Temporal.Duration.from(duration);
  let time = zoned(at, zone);
  for (let i = 0; i < Math.abs(times); i++) time = times < 0 ? time.subtract(step) : time.add(step);
  return iso(time);
}

/** Seconds in a duration that has no months or years; a day counts 24 hours. */
export function durationSeconds(duration: string): number {
  return Temporal.Duration.from(duration).total({ unit: "seconds", relativeTo: Temporal.PlainDateTime.from("2001-01-01") });
}

/** A duration as whole months, whole days, and what the clock tells. */
export function durationParts(duration: string): { readonly months: number; readonly days: number; readonly milliseconds: number } {
  const { years, months, weeks, days, hours, minutes, seconds, milliseconds } = Temporal.Duration.from(duration);
  return { months: years * 12 + months, days: weeks * 7 + days, milliseconds: ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds };
}

/** The unit in which a duration is given: hours where it has a part below a day. */
export function unitOf(duration: string): CalendarUnit {
  return duration.includes("T") ? "hour" : "day";
}

/** The calendar spans that cover `window`, in order. Its ends must lie on span boundaries. */
export function spansOf(unit: CalendarUnit, window: Window, zone: string): CalendarSpan[] {
  const spans: CalendarSpan[] = [];
  const end = Temporal.Instant.from(window.to);
  let from = zoned(window.from, zone);
  while (Temporal.Instant.compare(from.toInstant(), end) < 0) {
    const to = unit === "day" ? from.add({ days: 1 }).startOfDay() : from.add({ hours: 1 });
    spans.push({ name: spanName(unit, from), from: iso(from), to: iso(to) });
    from = to;
  }
  if (unit === "hour") refuseOddHours(spans, window, zone);
  return spans;
}

/** Rows find their partition by its name alone, so hours that share one, or begin within an hour of the clock, would take or lose others' rows. */
function refuseOddHours(spans: readonly CalendarSpan[], window: Window, zone: string): void {
  const shifts = ({ from, to }: CalendarSpan) => zoned(from, zone).offsetNanoseconds !== Temporal.Instant.from(to).subtract({ nanoseconds: 1 }).toZonedDateTimeISO(zone).offsetNanoseconds;
  const odd = spans.find((span) => zoned(span.from, zone).minute !== 0 || zoned(span.from, zone).second !== 0 || shifts(span)) ?? spans.find(({ name }, i) => name === spans[i - 1]?.name || name === spans[i - 2]?.name);
  const ends = spans.length === 0 || Date.parse(spans.at(-1)!.to) === Date.parse(window.to);
  if (odd === undefined && ends) return;
  throw new RelearnError("InvalidDefinition", `the clock of ${zone} changes by other than one whole hour at ${odd?.from ?? window.to}, so its hours cannot be told apart by name: use timezone UTC, or windows in days`);
}

function spanName(unit: CalendarUnit, from: Temporal.ZonedDateTime): string {
  const day = from.toPlainDate().toString();
  return unit === "day" ? day : `${day}T${String(from.hour).padStart(2, "0")}${repeatedHour(from)}`;
}

/** The second of the two equal hours of an autumn clock change gets its own name. */
function repeatedHour(from: Temporal.ZonedDateTime): string {
  const earlier = from.subtract({ hours: 1 });
  return earlier.hour === from.hour ? "b" : "";
}

const templateUnits = [["{HH}", "hours"], ["{dd}", "days"], ["{MM}", "months"], ["{yyyy}", "years"]] as const;

/** The smallest unit a time template names, or null where it names none. */
export function templateUnit(template: string): "hours" | "days" | "months" | "years" | null {
  return templateUnits.find(([mark]) => template.includes(mark))?.[1] ?? null;
}

/** A landing file's name and the span it stands for. */
export interface TemplateSpan extends Window {
  readonly path: string;
}

/** Every file that a time template names for spans overlapping `window`, in order. */
export function expandTemplate(template: string, window: Window, zone: string): TemplateSpan[] {
  const unit = templateUnit(template);
  if (unit === null) return [];
  const spans: TemplateSpan[] = [];
  const end = Temporal.Instant.from(window.to);
  let from = startOf(unit, zoned(window.from, zone));
  while (Temporal.Instant.compare(from.toInstant(), end) < 0) {
    const to = from.add({ [unit]: 1 });
    spans.push({ path: fillTemplate(template, from), from: iso(from), to: iso(to) });
    from = to;
  }
  return spans;
}

function startOf(unit: "hours" | "days" | "months" | "years", time: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  if (unit === "hours") return time.round({ smallestUnit: "hour", roundingMode: "floor" });
  if (unit === "days") return time.startOfDay();
  return time.with(unit === "months" ? { day: 1 } : { month: 1, day: 1 }).startOfDay();
}

function fillTemplate(template: string, from: Temporal.ZonedDateTime): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return template.replaceAll("{yyyy}", String(from.year).padStart(4, "0")).replaceAll("{MM}", two(from.month)).replaceAll("{dd}", two(from.day)).replaceAll("{HH}", two(from.hour));
}

/** The span that a concrete path stands for under its template, or null where it does not match. */
export function matchTemplate(template: string, path: string, zone: string): TemplateSpan | null {
  const marks: string[] = [];
  const pattern = template.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(yyyy|MM|dd|HH)\}/g, (_, mark: string) => {
    marks.push(mark);
    return mark === "yyyy" ? "(\\d{4})" : "(\\d{2})";
  });
  const found = new RegExp(`^${pattern}$`).exec(path);
  if (found === null) return null;
  const values = new Map(marks.map((mark, i) => [mark, Number(found[i + 1])]));
  try {
    const from = Temporal.ZonedDateTime.from({ timeZone: zone, year: values.get("yyyy") ?? 1970, month: values.get("MM") ?? 1, day: values.get("dd") ?? 1, hour: values.get("HH") ?? 0 }, { overflow: "reject" });
    const unit = templateUnit(template);
    return unit === null ? null : { path, from: iso(from), to: iso(from.add({ [unit]: 1 })) };
  } catch {
    return null;
  }
}
