import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { WorkflowHandle } from "@temporalio/client";
import { placeOf, sendTrigger } from "../../cli/support/start-run.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import type { TemporalConnection } from "../../workers/connect.ts";

/** One run from its trigger to the champion. Times in milliseconds since the trigger was sent. */
export interface DrivenRun {
  readonly record: RunRecord;
  readonly waiting: number;
  readonly promoted: number;
  /** How long the trainer's own process ran, and what each activity took, retries and queueing included. */
  readonly training: number;
  readonly activities: readonly { readonly name: string; readonly ms: number }[];
}

const lookEveryMs = 25;
const patienceMs = 300_000;

/** Triggers a run as `relearn run` does, says yes as soon as it asks, and waits for its end. */
export async function driveRun(temporal: TemporalConnection, store: ObjectStore, definition: Definition, asOf: string): Promise<DrivenRun> {
  const ref = await putJsonBlob(store, definition);
  const key = randomUUID();
  const began = performance.now();
  await sendTrigger(temporal, { cause: { kind: "person", key, by: "bench" }, asOf, definition: ref, pipeline: definition.name });
  const workflowId = await until(async () => {
    const placed = await placeOf(temporal, definition.name, key);
    return "run" in placed ? placed.run : null;
  });
  const handle = temporal.client.workflow.getHandle(workflowId);
  const record = await until(async () => askedOrEnded(await handle.query<RunRecord>("progress")));
  const waiting = performance.now() - began;
  if (record.state !== "waiting") throw new Error(`${workflowId} ended ${record.state}: ${record.reason}`);
  await handle.executeUpdate("approve", { args: [{ by: "bench", digest: record.question?.digest, comment: "" }] });
  const end = (await handle.result()) as { readonly state: string; readonly reason: string | null };
  const promoted = performance.now() - began;
  if (end.state !== "promoted") throw new Error(`${workflowId} ended ${end.state}: ${end.reason}`);
  return { record: await handle.query<RunRecord>("progress"), waiting, promoted, ...(await historyOf(handle)) };
}

const askedOrEnded = (record: RunRecord): RunRecord | null => (record.state === "waiting" || record.endedAt !== null ? record : null);

/** Looks every 25 ms, also while the worker is not there yet. */
export async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(lookEveryMs)) {
    const found = await look().catch((error: Error) => (/not found|no poller/i.test(error.message) ? null : Promise.reject(error)));
    if (found !== null) return found;
  }
  throw new Error(`a run did not get on within ${patienceMs / 1_000} s`);
}

/** From Temporal's own history: scheduled to completed, an activity each. */
async function historyOf(handle: WorkflowHandle): Promise<Pick<DrivenRun, "training" | "activities">> {
  const scheduled = new Map<string, { readonly name: string; readonly at: number }>();
  const activities: { name: string; ms: number }[] = [];
  let training = 0;
  for (const event of (await handle.fetchHistory()).events ?? []) {
    const at = Number(event.eventTime?.seconds ?? 0) * 1_000 + (event.eventTime?.nanos ?? 0) / 1e6;
    const begun = event.activityTaskScheduledEventAttributes;
    if (begun) scheduled.set(String(event.eventId), { name: begun.activityType?.name ?? "", at });
    const done = event.activityTaskCompletedEventAttributes;
    const own = done ? scheduled.get(String(done.scheduledEventId)) : undefined;
    if (!done || own === undefined) continue;
    activities.push({ name: own.name, ms: at - own.at });
    if (own.name === "train") training = 1_000 * (JSON.parse(new TextDecoder().decode(done.result?.payloads?.[0]?.data ?? new Uint8Array())) as { seconds: number }).seconds;
  }
  return { training, activities };
}
