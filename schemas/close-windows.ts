import { addDuration, type CalendarUnit, floorTo, unitOf } from "./calendar.ts";
import type { Definition } from "./definition.ts";
import type { RunWindows } from "./time.ts";

/** Partitions are days; hours where a window is given in hours. */
export function partitionUnit(definition: Definition): CalendarUnit {
  const { train, atLeast, holdout } = definition.windows;
  return [train, atLeast, holdout].some((span) => span !== "all" && unitOf(span) === "hour") ? "hour" : "day";
}

/**
 * The closed windows of a run as of an instant. They end at the last partition boundary at or before `asOf` minus the label delay;
 * the holdout is the last span before that end, training all (or the wanted span) before the holdout.
 * @param earliest start of the data, for `train: "all"`; null when nothing has landed, and then `atLeast` says where training would begin.
 */
export function closeWindows(definition: Definition, asOf: string, earliest: string | null): RunWindows {
  const { timezone, label } = definition;
  const { train, atLeast, holdout } = definition.windows;
  const unit = partitionUnit(definition);
  const end = floorTo(unit, addDuration(asOf, label.arrives, timezone, -1), timezone);
  const middle = addDuration(end, holdout, timezone, -1);
  const least = addDuration(middle, atLeast, timezone, -1);
  const wanted = train === "all" ? floorTo(unit, earliest ?? least, timezone) : addDuration(middle, train, timezone, -1);
  const from = wanted < least ? wanted : train === "all" && earliest !== null && wanted < middle ? wanted : least;
  return { train: { from, to: middle }, holdout: { from: middle, to: end } };
}

/** Why the train window is too short for this definition, or null. */
export function shortHistory(definition: Definition, windows: RunWindows): string | null {
  const least = addDuration(windows.train.to, definition.windows.atLeast, definition.timezone, -1);
  if (windows.train.from <= least) return null;
  return `training needs ${definition.windows.atLeast} of data (from ${least}), but the data begins at ${windows.train.from}: wait, land older data, or lower windows.atLeast`;
}
