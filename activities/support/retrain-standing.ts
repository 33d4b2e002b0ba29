import { readResult } from "../../launchers/job-objects.ts";
import { budgetUsed, cooldownEnd, horizonOf, type PastRun } from "../../policy/may-retrain.ts";
import { settingsInForce } from "../../policy/retrain-settings.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { RetrainChange, RetrainSettings } from "../../schemas/retrain.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { listRuns } from "../../stores/runs.ts";
import type { Judged } from "../contract.ts";
import { readDefinition } from "./read-definition.ts";

/** A past that is replayed has all its runs started today; more of them than this are older than any budget or cooldown. */
const mostRuns = 500;
/** A sender's clock may be ahead: a run is as of a little later than it started. */
const slackMs = 86_400_000;

export interface RetrainStanding {
  readonly settings: RetrainSettings;
  readonly timezone: string;
  /** Newest first, as far back as cooldown and budgets reach. */
  readonly past: readonly PastRun[];
  readonly budget: Judged["budget"];
}

/** What holds for a pipeline's retraining as of `clock`, an instant of its own time: settings in force, and what is used of its budgets. */
export async function retrainStanding(store: ObjectStore, { pipeline, definition: ref, change, clock }: { readonly pipeline: string; readonly definition: BlobRef; readonly change: RetrainChange; readonly clock: string }): Promise<RetrainStanding> {
  const { retrain, timezone } = await readDefinition(store, ref);
  const settings = settingsInForce(retrain, change);
  const hours = settings.gpuHoursPerMonth === undefined ? async () => 0 : ({ job }: RunRecord) => hoursOf(store, job);
  const from = Date.parse(horizonOf(settings, clock, timezone)) - slackMs;
  const past: PastRun[] = [];
  for await (const run of listRuns(store, pipeline)) {
    if (Date.parse(run.startedAt) < from || past.length >= mostRuns) break;
    past.push({ asOf: run.asOf, causes: run.causes, trains: run.endedAt === null || run.job !== null, gpuHours: await hours(run) });
  }
  return { settings, timezone, past, budget: { ...budgetUsed(past, clock, timezone), cooldownEnd: cooldownEnd(settings, timezone, past, clock) } };
}

/** What the trainer said in `metrics.json` that its accelerators took. */
async function hoursOf(store: ObjectStore, job: string | null): Promise<number> {
  const hours = job === null ? undefined : (await readResult(store, job))?.metrics["accelerator_hours"];
  return hours !== undefined && hours > 0 ? hours : 0;
}
