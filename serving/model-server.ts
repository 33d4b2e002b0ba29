import type { Logger } from "pino";
import type { ServingState } from "../schemas/commit.ts";
import type { LastServed, Pin } from "../schemas/local-serving.ts";
import { openBlobCache } from "../stores/blob-cache.ts";
import { nobodyServes } from "../stores/commit-rules.ts";
import { readLastServed, servingBlobs, writeLastServed } from "../stores/local-serving.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { createEvidence } from "./evidence.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { followLog } from "./follow-log.ts";
import { versionLoader, type StartModel } from "./load-version.ts";
import { announceReplica, replicaDocument, type ReplicaIdentity } from "./replica.ts";
import { serveModel } from "./serve-model.ts";
import type { ServedModel } from "./served-model.ts";
import { loadMeter } from "./server-load.ts";
import type { Pauses } from "./version-runner.ts";
import { readPinOr, watchPin } from "./watch-pin.ts";

export interface ModelServerOptions {
  readonly model: string;
  readonly store: ObjectStore;
  readonly home: string;
  readonly identity: ReplicaIdentity;
  readonly trusted: () => Promise<readonly string[]>;
  readonly start: StartModel;
  readonly log: Logger;
  /** What the folder of fetched blobs may hold. */
  readonly cacheBytes: number;
  readonly pauses?: Pauses | undefined;
}

/** One model on this server: it follows the log, keeps what is wanted loaded, answers, and says what it serves. */
export interface ModelServer {
  readonly served: ServedModel;
  readonly fleet: Fleet;
  /** Answers what was asked, and takes its leave. */
  close(): Promise<void>;
}

/** How long a store may keep a server from beginning with what it last served. */
const patienceMs = 2_000;

/** Returns before anything is loaded; `served` says when it is ready. Without a store it begins with what this host last served. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const { model, store, home, identity, trusted, start, log, cacheBytes, pauses } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const last = await readLastOrWarn(home, model, log);
  const evidence = createEvidence();
  const lastServed = keepLast(home, model, log);
  const now: { n: number; state: ServingState | null; pin: Pin | null } = { n: 0, state: null, pin: await readPinOr(home, model, () => undefined) };

  const cache = openBlobCache(store, servingBlobs(home, model), cacheBytes);
  const load = versionLoader({ model, cache, trusted, start });
  /** What answers counts as used when others are fetched, so that it is the last to leave the disk. */
  const touchAnswering = async (): Promise<void> => {
    const answering = fleet.answering?.version;
    if (answering !== undefined) await Promise.all([answering.model, answering.manifest].map((ref) => cache.file(ref, signal))).catch(() => undefined);
  };
  const tellTroubles = troubleTeller(model, log);
  const fleet: Fleet = createFleet({
    load: (version, ending) => touchAnswering().then(() => load(version, ending)), fallback: last?.answered ?? null, pauses,
    changed: () => {
      evidence.keepOnly(new Set(fleet.runners.map(({ version }) => version.model.sha256)));
      announcer.changed();
      tellTroubles(fleet);
    },
    switched: ({ v, model: { sha256 } }) => {
      log.info({ model, v, digest: sha256, n: fleet.n }, "answers");
      lastServed.keep(fleet);
    },
  });
  const follow = (state: ServingState, n: number): void => {
    Object.assign(now, { state, n });
    evidence.begin(now.pin === null ? state.rollout : null);
    fleet.follow(state, n, now.pin);
    lastServed.keep(fleet);
  };
  /** A rollout that is not known to run any more gets no traffic. */
  const beginFromDisk = (): void => {
    if (now.state === null && last !== null) return follow({ ...last.state, rollout: null }, last.n);
    if (now.state === null && now.pin !== null) follow(nobodyServes, now.pin.n);
  };
  const patience = setTimeout(beginFromDisk, patienceMs);
  const takes = loadMeter();
  const announcer = announceReplica(store, {
    document: () => ({ ...replicaDocument(model, identity, fleet, evidence, Date.now()), load: takes(fleet.answering?.process?.pending ?? 0) }), rollout: () => fleet.wanted.rollout?.id ?? null,
    inherit: (before) => evidence.inherit(before),
    onTrouble: (error) => log.debug({ model, error: error.message }, "what is served here cannot be told"),
  });
  const loops = [
    followLog(store, model, {
      signal, onEntry: ({ entry }) => follow(entry.state, entry.n),
      onTrouble: (error) => {
        log[error === null ? "info" : "warn"]({ model, error: error?.message }, error === null ? "the log can be read again" : "the log cannot be read; what serves goes on");
        beginFromDisk();
      },
    }),
    watchPin({ home, model, store, log, signal, first: now.pin, tip: () => now.n, changed: (pin) => {
      now.pin = pin;
      if (now.state !== null) follow(now.state, now.n);
    } }),
  ];
  return {
    served: serveModel(model, fleet, evidence), fleet,
    async close() {
      clearTimeout(patience);
      ending.abort();
      await announcer.close();
      await Promise.all([...loops, fleet.close()]);
      await lastServed.written();
    },
  };
}

async function readLastOrWarn(home: string, model: string, log: Logger): Promise<LastServed | null> {
  return readLastServed(home, model).catch((error: unknown) => {
    log.warn({ model, error: (error as Error).message }, "what was last served here cannot be read");
    return null;
  });
}

/** Says once why a version cannot be loaded, and which one answers instead, until either is another. */
function troubleTeller(model: string, log: Logger): (fleet: Fleet) => void {
  let told = new Map<number, string>();
  return ({ runners, insteadOf, answering }) => {
    const troubles = runners.flatMap(({ version: { v }, process, failure }) => (process === null && failure !== null ? [{ v, error: failure.message, answers: insteadOf?.version.v === v ? answering!.version.v : null }] : []));
    for (const one of troubles) if (told.get(one.v) !== `${one.error} ${one.answers}`) log.warn({ model, ...one }, one.answers === null ? "a version cannot be loaded; it is tried again" : "the version that is to answer cannot be loaded; another one answers instead, and it is tried again");
    told = new Map(troubles.map(({ v, error, answers }) => [v, `${error} ${answers}`]));
  };
}

/** Keeps what answers, for a start without a store; one write at a time, so that the newest stays. */
function keepLast(home: string, model: string, log: Logger): { keep(fleet: Fleet): void; written(): Promise<void> } {
  let writing = Promise.resolve();
  return {
    keep({ state, n, answering }) {
      if (state === null || answering === null || n === 0) return;
      const value: LastServed = { version: 1, model, n, state, answered: answering.version, at: new Date().toISOString() };
      writing = writing.then(() => writeLastServed(home, value)).catch((error: unknown) => log.warn({ model, error: (error as Error).message }, "what serves cannot be kept for a start without a store"));
    },
    written: () => writing,
  };
}
