import { z } from "zod";

/** An instant in UTC, ISO 8601 with `Z`. */
export const instant = z.iso.datetime({ message: "must be a UTC instant such as 2013-03-01T00:00:00Z" });

/** An ISO 8601 duration of one kind of unit group, such as P7D, P1M, PT12H. */
export const duration = z.string().regex(/^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/, "must be an ISO 8601 duration such as P7D or PT12H");

/** A duration that is longer than nothing. */
export const span = duration.refine((text) => /[1-9]/.test(text), "must be longer than nothing, such as P7D");

/** Half-open: an instant `t` is inside when from <= t < to. */
export const window = z.strictObject({ from: instant, to: instant }).readonly();
export type Window = z.infer<typeof window>;

/** The closed windows of one run. `holdout` starts where `train` ends. */
export const runWindows = z.strictObject({ train: window, holdout: window }).readonly();
export type RunWindows = z.infer<typeof runWindows>;

export const timezone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, "must be an IANA time zone such as Europe/Berlin");
