import { RelearnError } from "../../schemas/failures.ts";
import type { Champion } from "../../schemas/commit.ts";
import type { Pin } from "../../schemas/local-serving.ts";
import type { Settings } from "../../schemas/settings.ts";
import { readLastServed, writePin } from "../../stores/local-serving.ts";
import { openRegistry } from "../../stores/registry.ts";
import { withStore } from "./store.ts";

export interface PinRequest {
  readonly model: string;
  /** Null: the champion before the one that serves. */
  readonly to: number | null;
  readonly reason: string;
  readonly by: string;
}

/**
 * Pins a version that has been champion on this host, from what its disk holds; only a version that this host does not know is looked for in the store.
 * @throws RelearnError `NotFound` where this host has not served the model, or the version was never champion.
 */
export async function pinLocally(settings: Settings, { model, to, reason, by }: PinRequest): Promise<Pin> {
  const { home } = settings;
  const last = await readLastServed(home, model);
  if (last === null) throw new RelearnError("NotFound", `${model} has not been served on this host (${home}), so nothing can be pinned here; RELEARN_HOME says which folder a server uses`);
  const { champion, previous } = last.state;
  const known = [...(champion === null ? [] : [champion]), ...previous, last.answered];
  const wanted = to === null ? previous[0] : known.find(({ v }) => v === to);
  if (wanted === undefined && to === null) throw new RelearnError("NotFound", `${model} has no champion before version ${champion?.v ?? "none"} that this host knows of; name one with --to`);
  const target = wanted ?? (await formerChampion(settings, model, to as number));
  const pin: Pin = { version: 1, model, n: last.n, instead: champion?.v ?? null, target, reason, by, at: new Date().toISOString() };
  await writePin(home, pin);
  return pin;
}

async function formerChampion(settings: Settings, model: string, v: number): Promise<Champion> {
  return withStore(settings, async (store) => {
    const registry = openRegistry(store, model);
    const served = (await registry.log.summaries()).some((summary) => summary.champion === v);
    const version = served ? await registry.version(v) : null;
    if (version === null) throw new RelearnError("NotFound", `version ${v} of ${model} was never champion, so it cannot be rolled back to`);
    return { v, model: version.model, manifest: version.manifest };
  });
}
