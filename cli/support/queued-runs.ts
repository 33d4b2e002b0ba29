import { leading, nextOf } from "../../policy/retraining.ts";
import type { Trigger } from "../../schemas/cause.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { Settings } from "../../schemas/settings.ts";
import { shortTime } from "./format.ts";
import { retrainingStatus } from "./start-run.ts";
import { plain } from "./style.ts";
import { withTemporal } from "./temporal.ts";

/** What waits behind the runs that go on, a line each. None where Temporal does not answer: the list of runs itself needs only S3. */
export async function queuedLines(settings: Settings, records: readonly RunRecord[]): Promise<string[]> {
  const busy = [...new Set(records.filter(({ endedAt }) => endedAt === null).map(({ pipeline }) => pipeline))];
  if (busy.length === 0) return [];
  try {
    return await withTemporal(settings, async (access) => {
      const stati = await Promise.all(busy.map((pipeline) => retrainingStatus(access, pipeline).catch(() => null)));
      return stati.flatMap((status) => (status === null ? [] : queueText(status.queued)));
    });
  } catch {
    return [];
  }
}

/** The runs that a queue will become, in their turn. */
export function queueText(queue: readonly Trigger[]): string[] {
  const next = nextOf(queue);
  const lead = leading(next);
  if (lead === null) return [];
  const causes = next.map(({ cause }) => plain(`${cause.kind}${cause.by === null ? "" : ` ${cause.by}`}`)).join(", ");
  const what = lead.version === undefined ? `definition ${lead.definition.sha256.slice(0, 12)}` : `version ${lead.version} again`;
  return [`queued in ${lead.pipeline}: as of ${shortTime(lead.asOf)}, ${what}, asked for by ${causes}`, ...queueText(queue.filter((trigger) => !next.includes(trigger)))];
}
