import type { ActiveRollout, Champion, Commit, ServingState } from "../schemas/commit.ts";
import type { Pin } from "../schemas/local-serving.ts";

/** Which versions a server keeps ready, and whose answers callers get. */
export interface Wanted {
  /** Null: the model has no champion. */
  readonly answering: Champion | null;
  /** A version that is taking over, and how far it is; null while none is, and where a version is pinned. */
  readonly rollout: ActiveRollout | null;
  /** All that are to be loaded, the most needed first, each once: also the champion before this one, for an instant way back. */
  readonly loaded: readonly Champion[];
}

/** What a state of the log, and a pin on this host, ask of a server. */
export function versionsWanted(state: ServingState, pin: Pin | null): Wanted {
  const answering = pin?.target ?? state.champion;
  const needed = [answering, state.champion, state.rollout?.candidate ?? null, state.previous[0] ?? null].filter((version) => version !== null);
  return { answering, rollout: pin === null ? state.rollout : null, loaded: needed.filter((version, i) => needed.findIndex((other) => isSame(other, version)) === i) };
}

export const isSame = (a: Champion, b: Champion): boolean => a.v === b.v && a.model.sha256 === b.model.sha256;

/** Whether an entry after a pin ends it: only one that decides anew who is the champion. A new version's registration does not. */
export const liftsPin = (entry: Commit, pin: Pin): boolean => entry.n > pin.n && (entry.operation.kind === "promote" || entry.operation.kind === "rollback");
