import { addDuration, type CalendarSpan, floorTo, spansOf } from "../../schemas/calendar.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";
import type { LabelFile, Labels } from "./labels.ts";

/**
 * The calendar days on which labels from elsewhere may become known that count for rows of a window: from the first row's own day until `label.arrives`
 * after the last. A label of an earlier day is of something else that bears the same name.
 */
export function labelDays({ from, to }: Window, { label, timezone }: Definition): CalendarSpan[] {
  const until = floorTo("day", addDuration(to, label.arrives, timezone), timezone);
  return spansOf("day", { from: floorTo("day", from, timezone), to: addDuration(until, "P1D", timezone) }, timezone);
}

/** Labels that became known on one calendar day. */
export interface LabelsOfDay extends LabelFile { readonly day: string }

/** Labels that lie by such days. @param all in a stable order */
export function labelsByDay(definition: Definition, all: readonly LabelsOfDay[]): Labels {
  return {
    of: async (window) => {
      const days = new Set(labelDays(window, definition).map(({ name }) => name));
      return all.filter(({ day }) => days.has(day));
    },
  };
}
