import { z } from "zod";

/** As Go writes a time: RFC 3339 with an offset, to the nanosecond. */
export const moment = z.iso.datetime({ offset: true, message: "must be a time such as 2013-03-01T00:00:00Z" }).transform((text) => new Date(Date.parse(text)).toISOString());

const texts = z.record(z.string(), z.string());

/** One alert as Alertmanager and Grafana send it; `values` are Grafana's. Keys that are not known are let be: a sender may add what it likes. */
export const alert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: texts.default({}),
  annotations: texts.default({}),
  startsAt: moment,
  values: z.record(z.string(), z.unknown()).nullish(),
});
export type Alert = z.infer<typeof alert>;

const group = <V extends string>(version: V) => z.object({
  version: z.literal(version),
  /** Names the group in every notification about it. */
  groupKey: z.string().min(1).max(10_000),
  /** How many alerts `max_alerts` has cut off. */
  truncatedAlerts: z.int().min(0).default(0),
  alerts: z.array(alert).min(1).max(10_000),
});

/** What Prometheus Alertmanager posts to a webhook receiver (its data format 4). */
export const alertmanagerGroup = group("4");
/** What Grafana posts to a webhook contact point: the same, and more. */
export const grafanaGroup = group("1");
export type AlertGroup = z.infer<typeof alertmanagerGroup> | z.infer<typeof grafanaGroup>;
