import type { ServingParts } from "./serving.ts";

const patienceMs = 90_000;

interface Told { readonly cursor: string | null }

/** Has the log's windows told of until a time, as far as patience goes: by itself monitoring looks every few minutes. */
export async function toldUntil({ deps, stage: { signal } }: ServingParts, at: string): Promise<void> {
  const monitoring = deps.workflows.getHandle("flights/monitoring");
  for (const end = Date.now() + patienceMs; Date.now() < end && !signal.aborted;) {
    const { cursor } = await monitoring.executeUpdate<Told, []>("check").catch(() => ({ cursor: null }));
    if (cursor !== null && Date.parse(cursor) >= Date.parse(at)) return;
  }
}
