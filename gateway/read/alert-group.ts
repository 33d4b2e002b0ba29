import type { AlarmEvidence } from "../../schemas/alarm.ts";
import { type Alert, alertmanagerGroup, grafanaGroup, type AlertGroup } from "../../schemas/alert-group.ts";
import { readAs } from "../../schemas/boundary.ts";
import { keyOf, type Occurrence, type Read } from "../occurrence.ts";

/** What Alertmanager posts, an occurrence an alert. @throws RelearnError `InvalidInput` */
export const readAlertmanager = (body: unknown): Read => readGroup(readAs(alertmanagerGroup, body, "the body (Alertmanager's webhook, version 4)"));

/** What Grafana posts. @throws RelearnError `InvalidInput` */
export const readGrafana = (body: unknown): Read => readGroup(readAs(grafanaGroup, body, "the body (Grafana's webhook, version 1)"));

function readGroup({ groupKey, alerts, truncatedAlerts }: AlertGroup): Read {
  return {
    occurrences: alerts.map((alert) => occurrenceOf(groupKey, alert)),
    notes: truncatedAlerts === 0 ? [] : [`${truncatedAlerts} more alerts of the group were cut off by the sender (max_alerts)`],
  };
}

const over = "it is resolved, which starts nothing";

/** Alerts of a group that began at once are one occurrence: they have one cause. */
function occurrenceOf(groupKey: string, { status, labels, annotations, startsAt, values }: Alert): Occurrence {
  return {
    key: keyOf(groupKey, startsAt), pipeline: labels["pipeline"] ?? null, at: startsAt, moot: status === "resolved" ? over : null,
    proposal: annotations["relearn_proposal"] ?? labels["relearn_proposal"] ?? null,
    message: [labels["alertname"], annotations["summary"] ?? annotations["description"] ?? annotations["message"]].filter((text) => text).join(": ") || "an alert without a name",
    evidence: Object.entries(values ?? {}).slice(0, 100).flatMap(([metric, observed]) => (typeof observed === "number" ? [figure(metric, observed)] : [])),
  };
}

const figure = (metric: string, observed: number): AlarmEvidence => ({ metric: metric.slice(0, 200), subject: null, observed, limit: null, reference: null, p: null, rows: 0 });
