import { readResult } from "../launchers/job-objects.ts";
import { mayRetrain, budgetUsed, cooldownEnd, type PastRun } from "../policy/may-retrain.ts";
import { leading } from "../policy/retraining.ts";
import { pipelineClock } from "../policy/pipeline-clock.ts";
import { settingsInForce } from "../policy/retrain-settings.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { RunRecord } from "../schemas/run.ts";
import { listRuns } from "../stores/runs.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { readDefinition } from "./support/read-definition.ts";

/** More runs than this are older than any budget or cooldown. */
const mostRuns = 500;

/** Holds each cause against the pipeline's settings, its past runs and what is known of its data. */
export function createMayRetrain({ store, now }: Dependencies): Activities["mayRetrain"] {
  return async ({ triggers, change, blockedBy }) => {
    const lead = leading(triggers);
    if (lead === null) throw new RelearnError("InvalidInput", "there is no cause to judge");
    const definition = await readDefinition(store, lead.definition);
    const settings = settingsInForce(definition.retrain, change);
    const counted = settings.gpuHoursPerMonth === undefined ? async () => 0 : ({ job }: RunRecord) => hoursOf(store, job);
    const past: PastRun[] = [];
    for await (const run of listRuns(store, lead.pipeline)) {
      past.push({ asOf: run.asOf, causes: run.causes, gpuHours: await counted(run) });
      if (past.length >= mostRuns) break;
    }
    const clock = pipelineClock(lead.asOf, now());
    const { timezone } = definition;
    const verdicts = triggers.map((trigger) => mayRetrain({ settings, timezone, trigger, now: clock, past, blockedBy }));
    return { verdicts, onData: settings.onData, budget: { ...budgetUsed(past, clock, timezone), cooldownEnd: cooldownEnd(settings, timezone, past) } };
  };
}

/** What the trainer said in `metrics.json` that its accelerators took. */
async function hoursOf(store: Dependencies["store"], job: string | null): Promise<number> {
  const hours = job === null ? undefined : (await readResult(store, job))?.metrics["accelerator_hours"];
  return hours !== undefined && hours > 0 ? hours : 0;
}
