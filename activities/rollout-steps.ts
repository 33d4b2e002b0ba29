import { openRegistry } from "../stores/registry.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { announceEntry } from "./support/announce-entry.ts";
import { deploymentActor } from "./support/deployment-actor.ts";
import { refusable } from "./support/refusable.ts";

/** Commits the start of a rollout. One that was started before, and has ended since, is told as what it ended as. */
export function createStartRollout({ store }: Dependencies): Activities["startRollout"] {
  return async ({ model, id, promotion, ...rollout }) =>
    refusable(async () => {
      const registry = openRegistry(store, model);
      const promoted = (await registry.log.summaries()).find(({ txn, kind, v }) => txn === promotion && kind === "promote" && v === rollout.v);
      const served = promoted === undefined ? null : await registry.log.entry(promoted.n);
      if (served?.entry.state.champion) return { status: "promoted", n: served.entry.n, champion: served.entry.state.champion };
      const { entry, repeated } = await registry.startRollout({ ...rollout, id, txn: id, actor: deploymentActor(model, null) });
      const running = repeated ? ((await registry.log.tip())?.entry.state.rollout ?? null) : entry.state.rollout;
      if (running?.id !== id) return { status: "refused", reason: `the rollout that entry ${entry.n} started is over; \`relearn history ${model}\` says how it ended` };
      return { status: "committed", n: entry.n, rollout: running };
    });
}

/** Commits a step of the running rollout, or its end. */
export function createStepRollout(deps: Dependencies): Activities["stepRollout"] {
  return async ({ model, id, step, action, share, reason, checks, by, txn }) =>
    refusable(async () => {
      const { entry } = await announceEntry(deps, model, await openRegistry(deps.store, model).stepRollout({ id, step, action, ...(share === null ? {} : { share }), reason, checks, txn, actor: deploymentActor(model, by) }));
      return { status: "committed", n: entry.n, rollout: entry.state.rollout };
    });
}
