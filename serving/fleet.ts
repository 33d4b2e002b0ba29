import type { ModelProcess } from "../inference/contract.ts";
import type { Champion, ServingState } from "../schemas/commit.ts";
import type { Pin } from "../schemas/local-serving.ts";
import { isSame, versionsWanted, type Wanted } from "./versions-wanted.ts";
import { runVersion, type LoadVersion, type Pauses, type VersionRunner } from "./version-runner.ts";

/** The versions of one model on this server. */
export interface Fleet {
  /** Takes in what the log says, or a pin; loads what is wanted and switches when that is warm. `n`: the entry. */
  follow(state: ServingState, n: number, pin: Pin | null): void;
  /** Entry that is followed; 0 before the first. */
  readonly n: number;
  readonly state: ServingState | null;
  readonly pin: Pin | null;
  readonly wanted: Wanted;
  /** Whose answers callers get; null before the first version is warm. */
  readonly answering: VersionRunner | null;
  /** The version that is to answer and cannot be loaded, while another one answers instead; else null. */
  readonly insteadOf: VersionRunner | null;
  /** The candidate of the running rollout. */
  readonly candidate: VersionRunner | null;
  readonly runners: readonly VersionRunner[];
  find(v: number): ModelProcess | null;
  close(): Promise<void>;
}

export interface FleetOptions {
  readonly load: LoadVersion;
  /** What answered before this process began: loaded where the champion cannot be. */
  readonly fallback: Champion | null;
  /** Called after any change of what is loaded or answers. */
  readonly changed: () => void;
  /** Called when another version has begun to answer. */
  readonly switched: (to: Champion) => void;
  readonly pauses?: Pauses | undefined;
}

const nothing: Wanted = { answering: null, rollout: null, loaded: [] };

export function createFleet({ load, fallback, changed, switched, pauses }: FleetOptions): Fleet {
  const runners: VersionRunner[] = [];
  const retiring = new Set<Promise<void>>();
  let closed = false;
  const now: { n: number; state: ServingState | null; pin: Pin | null; wanted: Wanted; answering: VersionRunner | null } = { n: 0, state: null, pin: null, wanted: nothing, answering: null };

  const runnerOf = (version: Champion | null | undefined): VersionRunner | undefined => (version == null ? undefined : runners.find((runner) => isSame(runner.version, version)));
  const ensure = (version: Champion): VersionRunner => {
    const running = runnerOf(version);
    if (running !== undefined) return running;
    const started = runVersion(version, { load, changed: settle, pauses });
    runners.push(started);
    return started;
  };
  const retire = (runner: VersionRunner): void => {
    runners.splice(runners.indexOf(runner), 1);
    const closing = runner.close().catch(() => undefined).finally(() => retiring.delete(closing));
    retiring.add(closing);
  };

  /** The version that is to answer is loaded first and alone: the others must not make its callers wait. */
  const ensureWanted = (): VersionRunner | undefined => {
    const target = now.wanted.answering === null ? undefined : ensure(now.wanted.answering);
    if (target === undefined || target.process !== null || target.failure !== null) now.wanted.loaded.forEach(ensure);
    return target;
  };

  /** Switches to what is warm, then lets go of what nobody needs: so the old version answers until the new one does. */
  const settle = (): void => {
    const target = ensureWanted();
    const next = target?.process != null ? target : (now.answering ?? standIn(target));
    const isSwitch = next !== null && next !== now.answering;
    now.answering = next;
    const needed = (runner: VersionRunner): boolean => runner === now.answering || isFallback(runner, target) || now.wanted.loaded.some((version) => isSame(version, runner.version));
    for (const runner of runners.filter((one) => !needed(one))) retire(runner);
    if (isSwitch) switched(next.version);
    changed();
  };
  const isFallback = (runner: VersionRunner, target: VersionRunner | undefined): boolean => now.answering === null && target?.failure != null && fallback !== null && isSame(fallback, runner.version);
  /** The champion cannot be loaded, and nothing answers yet: what answered when this server last ran does, or the champion before. */
  const standIn = (target: VersionRunner | undefined): VersionRunner | null => {
    if (target?.failure == null) return null;
    const others = [fallback, now.state?.previous[0] ?? null].filter((version) => version !== null && !isSame(version, target.version));
    return others.map((version) => ensure(version!)).find(({ process }) => process !== null) ?? null;
  };
  const insteadOf = (): VersionRunner | null => {
    const target = runnerOf(now.wanted.answering);
    return target !== undefined && target.failure !== null && now.answering?.process != null && now.answering !== target ? target : null;
  };

  return {
    get n() { return now.n; },
    get state() { return now.state; },
    get pin() { return now.pin; },
    get wanted() { return now.wanted; },
    get answering() { return now.answering; },
    get insteadOf() { return insteadOf(); },
    get candidate() { return runnerOf(now.wanted.rollout?.candidate) ?? null; },
    runners,
    find: (v) => runners.find((runner) => runner.version.v === v && runner.process !== null)?.process ?? null,
    follow(state, n, pin) {
      if (closed) return;
      Object.assign(now, { state, n, pin, wanted: versionsWanted(state, pin) });
      if (now.wanted.answering === null) now.answering = null;
      settle();
    },
    async close() {
      closed = true;
      now.answering = null;
      runners.slice().forEach(retire);
      await Promise.all(retiring);
    },
  };
}
