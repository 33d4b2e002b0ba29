import type { Champion } from "../schemas/commit.ts";
import { replicaLifeMs, type Replica } from "../schemas/replica.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { endReplica, putReplica, readReplica, removeDeadReplicas } from "../stores/replicas.ts";
import type { Evidence } from "./evidence.ts";
import type { Fleet } from "./fleet.ts";

/** Who a server is: the same on every start at the same place, so that it takes the place of its own document. */
export interface ReplicaIdentity {
  readonly id: string;
  readonly url: string;
}

/** How often a server says that it is alive, and how often while its evidence decides over a rollout. */
const everyMs = { rollout: 2_000, quiet: 5_000, failed: 1_000 };
const tidyMs = 3_600_000;

/** What a server serves of a model now, and what it has seen. */
export function replicaDocument(model: string, { id, url }: ReplicaIdentity, fleet: Fleet, evidence: Evidence, now: number): Replica {
  const { answering, runners, wanted, pin } = fleet;
  const loaded = ({ v, model }: Champion) => ({ v, digest: model.sha256 });
  const needed = new Set([...wanted.loaded, ...(answering === null ? [] : [answering.version])].map((version) => version.model.sha256));
  return {
    version: 1, id, model, url, at: new Date(now).toISOString(), until: new Date(now + replicaLifeMs).toISOString(), n: fleet.n,
    champion: answering?.process == null ? null : loaded(answering.version),
    warm: runners.filter(({ process }) => process !== null).map(({ version }) => loaded(version)),
    failed: runners.filter(({ process, failure, version }) => process === null && failure !== null && needed.has(version.model.sha256)).map(({ version, failure }) => ({ ...loaded(version), reason: (failure as Error).message.slice(0, 2_000) })),
    pinned: pin === null ? null : { v: pin.target.v, n: pin.n, reason: pin.reason, by: pin.by },
    counts: evidence.counts(), labels: evidence.labels(),
  };
}

export interface Announcer {
  /** Says it anew as soon as it can: something has changed. */
  changed(): void;
  /** Takes its leave: nobody is to wait for this server any more. */
  close(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly document: () => Replica;
  /** Takes over what a server at the same place has counted before, or null; called once, before anything is written in its place. */
  readonly inherit: (before: Replica | null) => void;
  /** The rollout that runs, or null. */
  readonly rollout: () => string | null;
  readonly onTrouble: (error: Error) => void;
}

/** Writes a server's document at each change and, while nothing changes, often enough to count as alive. One write at a time, the newest wins. */
export function announceReplica(store: ObjectStore, { document, inherit, rollout, onTrouble }: AnnouncerOptions): Announcer {
  const ending = new AbortController();
  const { signal } = ending;
  let wake = (): void => {};
  let due = true;
  let failed = false;
  let tidied = 0;
  let inherited = false;

  const write = async (): Promise<void> => {
    const { model, id } = document();
    if (!inherited) inherit(await readReplica(store, model, id, signal));
    inherited = true;
    const current = document();
    await putReplica(store, current, signal);
    const now = Date.parse(current.at);
    if (now - tidied < tidyMs) return;
    tidied = now;
    await removeDeadReplicas(store, model, now, rollout(), signal);
  };
  const pause = (): Promise<void> => new Promise((resolve) => {
    if (due || signal.aborted) return resolve();
    const timer = setTimeout(resolve, failed ? everyMs.failed : rollout() !== null ? everyMs.rollout : everyMs.quiet);
    wake = (): void => {
      clearTimeout(timer);
      resolve();
    };
  });
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      due = false;
      failed = await write().then(() => false, (error: unknown) => {
        if (!signal.aborted) onTrouble(error as Error);
        return true;
      });
      await pause();
    }
  };
  const running = run();
  return {
    changed() {
      due = true;
      wake();
    },
    async close() {
      ending.abort();
      wake();
      await running;
      if (inherited) await endReplica(store, document(), AbortSignal.timeout(1_000)).catch(() => undefined);
    },
  };
}
