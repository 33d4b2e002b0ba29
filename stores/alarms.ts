import { alarm, alarmDecision, type Alarm, type AlarmDecision } from "../schemas/alarm.ts";
import { createDocument, getDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { reversedTime } from "./reversed-time.ts";

const alarmPrefix = (model: string): string => `reports/${model}/alarms/`;
const decisionPrefix = (model: string, id: string): string => `reports/${model}/decisions/${id}/`;
const alarmKey = ({ model, at, id }: Pick<Alarm, "model" | "at" | "id">): string => `${alarmPrefix(model)}${reversedTime(at)}-${id}.json`;

/** Writes an alarm; false where it was written before: the same finding is one alarm, however often it is made. */
export const putAlarm = (store: ObjectStore, raised: Alarm, signal?: AbortSignal): Promise<boolean> => createDocument(store, alarmKey(raised), raised, signal);

/** Alarms of a model, newest first by event time. Stop iterating when there are enough: each is one read. */
export async function* listAlarms(store: ObjectStore, model: string, signal?: AbortSignal): AsyncGenerator<Alarm, void> {
  for await (const { key } of store.list(alarmPrefix(model), { signal })) {
    const found = await getDocument(store, key, alarm, signal);
    if (found !== null) yield found;
  }
}

/** Records what was decided about an alarm, after all that was decided before. The same decision by the same again is one. */
export async function putDecision(store: ObjectStore, model: string, decided: AlarmDecision, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const before = await listDecisions(store, model, decided.alarm, signal);
    const last = before.at(-1);
    if (last !== undefined && last.decision === decided.decision && last.by === decided.by && last.run === decided.run) return;
    const key = `${decisionPrefix(model, decided.alarm)}${String(before.length + 1).padStart(4, "0")}.json`;
    if (await createDocument(store, key, decided, signal)) return;
  }
}

/** What was decided about an alarm, oldest first; the last one counts. */
export async function listDecisions(store: ObjectStore, model: string, id: string, signal?: AbortSignal): Promise<AlarmDecision[]> {
  const decisions: AlarmDecision[] = [];
  for await (const { key } of store.list(decisionPrefix(model, id), { signal })) {
    const found = await getDocument(store, key, alarmDecision, signal);
    if (found !== null) decisions.push(found);
  }
  return decisions;
}
