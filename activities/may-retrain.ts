import { mayRetrain } from "../policy/may-retrain.ts";
import { leading } from "../policy/retraining.ts";
import { pipelineClock } from "../policy/pipeline-clock.ts";
import { RelearnError } from "../schemas/failures.ts";
import { listDecisions } from "../stores/alarms.ts";
import { inParallel } from "../stores/parallel.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { retrainStanding } from "./support/retrain-standing.ts";

/** Holds each cause against the pipeline's settings, its past runs, what is known of its data, and what was decided about it before. */
export function createMayRetrain({ store, now }: Dependencies): Activities["mayRetrain"] {
  return async ({ triggers, change, blockedBy }) => {
    const lead = leading(triggers);
    if (lead === null) throw new RelearnError("InvalidInput", "there is no cause to judge");
    const { pipeline, definition } = lead;
    const clock = pipelineClock(lead.asOf, now(), lead.heardAt);
    const { settings, timezone, past, budget } = await retrainStanding(store, { pipeline, definition, change, clock });
    const decided = await inParallel(triggers, 16, async ({ alarm }) => (alarm === undefined ? null : ((await listDecisions(store, pipeline, alarm.id)).at(-1) ?? null)));
    const verdicts = triggers.map((trigger, i) => mayRetrain({ settings, timezone, trigger, now: clock, past, blockedBy, decided: decided[i] ?? null }));
    return { verdicts, onData: settings.onData, settings, budget };
  };
}
