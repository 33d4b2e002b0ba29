import { durationSeconds } from "../schemas/calendar.ts";
import { RelearnError } from "../schemas/failures.ts";
import { closeWindows } from "../policy/windows.ts";
import { leading } from "../policy/retraining.ts";
import type { Trigger } from "../schemas/cause.ts";
import type { RunWindows } from "../schemas/time.ts";
import { canonicalBytes, sha256Hex } from "../stores/canonical.ts";
import { takeCause } from "../stores/causes.ts";
import { earliestData } from "./support/earliest-data.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { readDefinition } from "./support/read-definition.ts";

/** Closes the windows as of the newest trigger, takes the causes, and names the run after all three. All triggers ask for the same: a training, or one version. */
export function createPlanRun(deps: Dependencies): Activities["planRun"] {
  return async ({ triggers }) => {
    const lead = leading(triggers);
    if (lead === null) throw new RelearnError("InvalidInput", "a run needs at least one trigger");
    const { pipeline, definition: ref, asOf } = lead;
    const definition = await readDefinition(deps.store, ref);
    const windows = closeWindows(definition, asOf, await earliestData(deps, definition));
    const version = lead.version ?? null;
    const run = runId(triggers, { definition: ref.sha256, windows, ...(version === null ? {} : { version }) });
    const takers = await Promise.all(triggers.map(({ cause }) => takeCause(deps.store, pipeline, { cause, windows, run })));
    const causes = triggers.filter((_, i) => takers[i] === run).map(({ cause }) => cause);
    if (causes.length === 0) return { status: "known", workflowId: takers[triggers.indexOf(lead)] ?? "" };
    const step = { run, pipeline, definition: ref, windows, asOf };
    return { status: "planned", workflowId: run, input: { step, causes, version, patienceMs: durationSeconds(definition.windows.patience) * 1_000 }, onData: definition.retrain.onData };
  };
}

/** `<pipeline>/run/<12 hex of definition, windows, causes>`, and of the version where one is evaluated again: the same question asked again is the same run. */
function runId(triggers: readonly Trigger[], asked: { readonly definition: string; readonly windows: RunWindows; readonly version?: number }): string {
  const causes = triggers.map(({ cause }) => `${cause.kind} ${cause.key}`).sort();
  return `${triggers[0]?.pipeline}/run/${sha256Hex(canonicalBytes({ ...asked, causes })).slice(0, 12)}`;
}
