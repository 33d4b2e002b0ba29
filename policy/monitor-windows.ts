import { addDuration, durationSeconds, floorTo, unitOf } from "../schemas/calendar.ts";
import type { Window } from "../schemas/time.ts";

/** What of a definition decides where windows begin and end. */
export interface WindowClock {
  readonly every: string;
  readonly over: string;
  readonly timezone: string;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const iso = (at: number): string => new Date(at).toISOString().replace(".000Z", "Z");

/** Hours are counted in UTC since 1970, so that no clock change makes one longer; days by the calendar of the pipeline's time zone. */
export function baseWindowAt({ every, timezone }: Pick<WindowClock, "every" | "timezone">, at: string): Window {
  const length = Math.max(1, Math.round(durationSeconds(every) * 1_000 / (unitOf(every) === "hour" ? hourMs : dayMs)));
  if (unitOf(every) === "hour") {
    const from = Math.floor(Date.parse(at) / (length * hourMs)) * length * hourMs;
    return { from: iso(from), to: iso(from + length * hourMs) };
  }
  const from = floorTo("day", at, timezone);
  const days = Math.floor((Date.parse(from) + 14 * hourMs) / dayMs);
  const start = floorTo("day", addDuration(from, `P${days % length}D`, timezone, -1), timezone);
  return { from: start, to: floorTo("day", addDuration(start, `P${length}D`, timezone), timezone) };
}

/** The base window after this one. */
export const windowAfter = (clock: WindowClock, { to }: Window): Window => baseWindowAt(clock, to);

/** The rolling span that ends with a base window: at least the window itself. */
export function spanOver({ over, timezone }: WindowClock, window: Window): Window {
  const from = addDuration(window.to, over, timezone, -1);
  return { from: Date.parse(from) < Date.parse(window.from) ? from : window.from, to: window.to };
}

/** What was quiet is told from so many windows at least, and from so many spans. */
const [fewestLookedBackOn, spansLookedBackOn] = [120, 4];

/** How many windows before one are looked back on: more than one span holds, since only a span that was watched from its start is judged. */
export function windowsLookedBackOn({ every, over }: Pick<WindowClock, "every" | "over">): number {
  return Math.max(fewestLookedBackOn, spansLookedBackOn * Math.ceil(durationSeconds(over) / durationSeconds(every)));
}

/** What is looked back on from a window: nothing of before a silence that was passed over, for the world is another since. @param earlier oldest first */
export function sinceSilence<T extends { readonly window: Window }>({ over }: Pick<WindowClock, "over">, earlier: readonly T[], { from }: Window): readonly T[] {
  const passedOverMs = durationSeconds(over) * 1_000;
  const starts = [...earlier.slice(1).map(({ window }) => window.from), from];
  const gap = earlier.findLastIndex(({ window }, i) => Date.parse(starts[i]!) - Date.parse(window.to) > passedOverMs);
  return earlier.slice(gap + 1);
}

export interface Closing {
  /** End of the last window that was closed; null: none yet. */
  readonly cursor: string | null;
  /** Start of the first hour of which there are predictions, at or after the cursor; null: there is none. */
  readonly next: number | null;
  /** Until when event time has come, in milliseconds since 1970; null: nothing has happened. */
  readonly watermark: number | null;
  readonly limit: number;
}

/**
 * The base windows that are over, oldest first, at most `limit`: those whose end the watermark has reached. Silence is told window by window for
 * one span; a longer one is passed over to the window in which there are predictions again, so that a gap of years costs nothing.
 */
export function windowsOver(clock: WindowClock, { cursor, next, watermark, limit }: Closing): readonly Window[] {
  if (watermark === null || (cursor === null && next === null)) return [];
  const first = cursor === null ? baseWindowAt(clock, iso(next as number)) : baseWindowAt(clock, cursor);
  const begin = afterSilence(clock, first, next);
  // What comes after is not known until somebody has looked again from there.
  const known = next === null ? Infinity : Math.max(Date.parse(begin.to), Date.parse(addDuration(iso(next), clock.over, clock.timezone)));
  const windows: Window[] = [];
  for (let window = begin; windows.length < limit && Date.parse(window.to) <= watermark && Date.parse(window.from) < known; window = windowAfter(clock, window)) windows.push(window);
  return windows;
}

function afterSilence(clock: WindowClock, first: Window, next: number | null): Window {
  if (next === null || Date.parse(addDuration(first.from, clock.over, clock.timezone)) >= next) return first;
  return baseWindowAt(clock, iso(next));
}

/** How many windows of silence are closed by the wall clock. */
const silentWindows = 3;

/**
 * Until when event time has come. By the predictions' own times; a model that is served now, whose last prediction lies at most three windows back, also
 * by the wall clock less one tenth of a window, so that its falling silent is seen. A past that is replayed is never so near.
 * @param newest start of the newest hour with predictions, in milliseconds since 1970
 */
export function watermarkOf(every: string, newest: number | null, now: number): number | null {
  if (newest === null) return null;
  const length = durationSeconds(every) * 1_000;
  const isServed = now - newest <= (silentWindows + 1) * length && newest <= now;
  return isServed ? Math.max(newest, now - length / 10) : newest;
}

/** Milliseconds between two looks: a tenth of a base window, between 5 s and 5 min. */
export const pollMs = (every: string): number => Math.min(300_000, Math.max(5_000, durationSeconds(every) * 100));
