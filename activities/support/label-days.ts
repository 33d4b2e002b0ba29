import { addDuration, type CalendarSpan, floorTo, spansOf } from "../../schemas/calendar.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";

/**
 * The calendar days on which labels from elsewhere may become known that count for rows of a window: from the first row's own day until `label.arrives`
 * after the last. A label of an earlier day is of something else that bears the same name.
 */
export function labelDays({ from, to }: Window, { label, timezone }: Definition): CalendarSpan[] {
  const until = floorTo("day", addDuration(to, label.arrives, timezone), timezone);
  return spansOf("day", { from: floorTo("day", from, timezone), to: addDuration(until, "P1D", timezone) }, timezone);
}
