import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { ServingSettings } from "../schemas/serving-settings.ts";
import type { Settings } from "../schemas/settings.ts";
import { modelsServedHere } from "../stores/local-serving.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { listModels } from "../stores/runs.ts";
import { trustedKeys } from "../stores/trusted-keys.ts";
import type { StartModel } from "./load-version.ts";
import { startModelServer, type ModelServer } from "./model-server.ts";
import type { ReplicaIdentity } from "./replica.ts";
import type { ServedModels } from "./served-model.ts";

/** What callers reach; it answers as soon as it is open, `NotReady` at first. */
export interface Front {
  readonly url: string;
  /** Takes no more, and answers what was asked. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly settings: Pick<Settings, "home">;
  readonly serving: ServingSettings;
  readonly store: ObjectStore;
  readonly log: Logger;
  readonly start: StartModel;
  readonly openFront: (models: ServedModels) => Promise<Front>;
}

export interface RunningServer {
  readonly url: string;
  readonly models: ServedModels;
  close(): Promise<void>;
}

/** How long to wait between two looks for new models: long beside what a look takes, and between these. */
const findPause = { times: 20, leastMs: 1_000, mostMs: 30_000 };

/** Serves every model it is told to, or finds: opens the front first, so that it can say what is missing. */
export async function serve({ settings: { home }, serving, store, log, start, openFront }: ServeOptions): Promise<RunningServer> {
  const servers = new Map<string, Promise<ModelServer>>();
  const ready = new Map<string, ModelServer>();
  const models: ServedModels = { find: (name) => ready.get(name)?.served ?? null, list: () => [...ready.values()].map(({ served }) => served) };
  const front = await openFront(models);
  const identity: ReplicaIdentity = { id: replicaId(front.url, home), url: front.url };
  const trusted = (): Promise<string[]> => trustedKeys(home, serving.trustKeys);
  const open = async (model: string): Promise<void> => {
    if (servers.has(model)) return;
    const starting = startModelServer({ model, store, home, identity, trusted, start, log, cacheBytes: serving.cacheBytes });
    servers.set(model, starting);
    ready.set(model, await starting);
  };
  const ending = new AbortController();
  const finding = keepFinding({ named: serving.models, home, store, log, signal: ending.signal, found: (names) => Promise.all(names.map(open)) });
  return {
    url: front.url, models,
    async close() {
      ending.abort();
      await front.close();
      await finding;
      await Promise.all([...servers.values()].map(async (server) => (await server).close()));
    },
  };
}

/** The same at each start in the same place, so that a server that was killed is not waited for beside its successor. */
export function replicaId(url: string, home: string): string {
  const place = createHash("sha256").update(`${home}\0${url}`).digest("hex").slice(0, 8);
  return `${hostname().toLowerCase().replaceAll(/[^a-z0-9-]/g, "-").slice(0, 60)}-${new URL(url).port || "80"}-${place}`;
}

interface Finding {
  readonly named: readonly string[] | null;
  readonly home: string;
  readonly store: ObjectStore;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly found: (names: readonly string[]) => Promise<unknown>;
}

/** Opens the models that were named; else those that this host has served, then whatever comes to have a log. */
async function keepFinding({ named, home, store, log, signal, found }: Finding): Promise<void> {
  await found(named ?? (await modelsServedHere(home)));
  let failed = false;
  while (named === null && !signal.aborted) {
    const began = performance.now();
    try {
      await found(await listModels(store, signal));
      failed = false;
    } catch (error) {
      if (!failed && !signal.aborted) log.warn({ error: (error as Error).message }, "the models cannot be listed; what is served goes on");
      failed = true;
    }
    await sleep(Math.min(findPause.mostMs, Math.max(findPause.leastMs, (performance.now() - began) * findPause.times)), undefined, { signal }).catch(() => undefined);
  }
}
