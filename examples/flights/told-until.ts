import { lastWindowReports } from "../../stores/window-reports.ts";
import type { ServingParts } from "./serving.ts";

const patienceMs = 90_000;

interface Told { readonly cursor: string | null }

/** Has the log's windows told of until a time, with the labels of what a version answered, as far as patience goes: by itself monitoring looks every few minutes, and labels go to the bucket every half. */
export async function toldUntil({ deps, deps: { store }, stage: { signal } }: ServingParts, v: number, at: string): Promise<void> {
  const monitoring = deps.workflows.getHandle("flights/monitoring");
  for (const end = Date.now() + patienceMs; Date.now() < end && !signal.aborted;) {
    const { cursor } = await monitoring.executeUpdate<Told, []>("check").catch(() => ({ cursor: null }));
    const [last] = await lastWindowReports(store, { model: "flights", v }, 1);
    if (cursor !== null && Date.parse(cursor) >= Date.parse(at) && last?.labels != null && last.labels.labelled === last.labels.rows) return;
  }
}
