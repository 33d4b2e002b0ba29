import { addDuration, floorTo } from "../schemas/calendar.ts";
import { type Definition, partitionUnit } from "../schemas/definition.ts";
import type { RunWindows } from "../schemas/time.ts";

/**
 * The closed windows of a run as of an instant. They end at the last partition boundary at or before `asOf` minus the label delay;
 * the holdout is the last span before that end, training all (or the wanted span) before the holdout.
 * @param earliest start of the data, for `train: "all"`; null when nothing has landed, and then `atLeast` says where training would begin.
 */
export function closeWindows(definition: Definition, asOf: string, earliest: string | null): RunWindows {
  const { timezone, label, windows } = definition;
  const unit = partitionUnit(definition);
  const before = (at: string, span: string) => addDuration(at, span, timezone, -1);
  const to = floorTo(unit, before(asOf, label.arrives), timezone);
  const middle = before(to, windows.holdout);
  const first = earliest === null ? null : floorTo(unit, earliest, timezone);
  const allFrom = first !== null && first < middle ? first : before(middle, windows.atLeast);
  return { train: { from: windows.train === "all" ? allFrom : before(middle, windows.train), to: middle }, holdout: { from: middle, to } };
}

/** Why the train window is too short for this definition, or null. */
export function shortHistory(definition: Definition, windows: RunWindows): string | null {
  const { atLeast } = definition.windows;
  const needed = addDuration(windows.train.to, atLeast, definition.timezone, -1);
  if (windows.train.from <= needed) return null;
  return `training needs ${atLeast} of data before the holdout (from ${needed}), but the data begins at ${windows.train.from}: wait, land older data, or lower windows.atLeast`;
}
