import { randomUUID } from "node:crypto";
import { readDefinition } from "../../activities/support/read-definition.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import type { Settings } from "../../schemas/settings.ts";
import { checkApproval, lastDecision } from "../../stores/approval-rules.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import type { Registry, Version } from "../../stores/registry.ts";
import { readName, readPast, readText, readVersion } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { askDeployment, deploymentLine } from "../support/deployment.ts";
import { knownModel, versionsText } from "../support/known-model.ts";
import { personOf } from "../support/person.ts";
import { newestRuns } from "../support/run-records.ts";
import { retrainingId, sendTrigger, settledPlaceOf, triggerLine } from "../support/start-run.ts";
import { withStore } from "../support/store.ts";
import { withTemporal } from "../support/temporal.ts";

/** Runs among which the newest one with accepted data is sought. */
const looksBack = 100;

interface PromoteContext {
  readonly cli: Cli;
  readonly settings: Settings;
  readonly store: ObjectStore;
  readonly by: string;
  readonly asOf: string | undefined;
  readonly reason: string | undefined;
}

/** Serves a version whose approval counts today; one without is evaluated again and asked for. */
export async function promote(cli: Cli, givenModel: string, givenVersion: string, options: { readonly by?: string; readonly asOf?: string; readonly reason?: string }): Promise<void> {
  const model = readName(givenModel);
  const v = readVersion(givenVersion);
  const by = await personOf(options.by);
  const settings = await cli.settings();
  await withStore(settings, async (store) => {
    const registry = await knownModel(store, model);
    const version = await registry.version(v);
    if (version === null) throw new RelearnError("NotFound", `${model} has no version ${v}; it has ${versionsText((await registry.log.tip())?.entry.versions ?? 0)}`);
    if (version.status === "champion") return cli.give({ model, v, status: "champion" }, `version ${v} of ${model} is the champion already`);
    const problem = await approvalProblem(registry, version);
    const context = { cli, settings, store, by, asOf: options.asOf, reason: options.reason === undefined ? undefined : readText("--reason", options.reason, 2_000) };
    if (problem === null) return promoteNow(context, model, v);
    await askAgain(context, model, v, problem);
    if (version.status === "former") cli.say(cli.style.dim(`or:      relearn rollback ${model} --to ${v}, at once and without another approval: it has served before`));
  });
}

/** Why the version's last decision does not count today; null where it does. */
async function approvalProblem({ log }: Registry, { v, model }: Version): Promise<string | null> {
  const [tip, summaries] = [await log.tip(), await log.summaries()];
  const decided = lastDecision(summaries, v);
  const entry = decided === undefined ? null : await log.entry(decided.n);
  if (tip === null || entry === null) return `version ${v} has no decision yet`;
  try {
    checkApproval(v, model.sha256, entry.entry, summaries, tip.entry.state);
    return null;
  } catch (error) {
    const type = failureTypeOf(error);
    if (type === "NotApproved" || type === "StaleApproval") return (error as Error).message;
    throw error;
  }
}

async function promoteNow({ cli, settings, by, reason }: PromoteContext, model: string, v: number): Promise<void> {
  const input = { v, by, ...(reason === undefined ? {} : { reason }) };
  const answer = await withTemporal(settings, (access) => askDeployment(access, model, "promote", input, "NotApproved"));
  const temporal = deploymentLine(settings.temporal, model, "promote", input);
  cli.give({ model, v, status: "promoted", entry: answer.n, temporal }, `version ${v} of ${model} serves now (entry ${answer.n} of its log)`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn show ${model}@${v}`));
}

/** A run that trains nothing: it judges the version on windows whose data was there, in its turn among the pipeline's runs. */
async function askAgain({ cli, settings, store, by, asOf }: PromoteContext, model: string, v: number, problem: string): Promise<void> {
  const latest = (await newestRuns(store, model, looksBack)).find(({ snapshot }) => snapshot !== null);
  if (latest === undefined) throw new RelearnError("NotFound", `no run of pipeline ${model} has accepted data on which version ${v} could be evaluated; \`relearn runs ${model}\` says why`);
  const at = asOf === undefined ? latest.asOf : readPast("--as-of", asOf, (await readDefinition(store, latest.definition)).timezone);
  const trigger: Trigger = { cause: { kind: "person", key: randomUUID(), by }, asOf: at, definition: latest.definition, pipeline: model, version: v };
  const temporal = triggerLine(settings.temporal, trigger);
  await withTemporal(settings, async (access) => {
    const retrainingRunId = await sendTrigger(access, trigger);
    const placed = await settledPlaceOf(access, model, trigger.cause.key);
    if ("queued" in placed) {
      cli.give({ model, v, status: "queued", reason: problem, queued: placed.queued, workflowId: retrainingId(model), runId: retrainingRunId, temporal }, `${problem}.\nIt will be evaluated again, and asked for, in its turn: ${placed.queued}`);
      return cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn runs ${model}`));
    }
    const { runId } = await access.client.workflow.getHandle(placed.run).describe();
    cli.give({ model, v, status: "evaluating", reason: problem, workflowId: placed.run, runId, temporal }, `${problem}.\nIt is evaluated again by ${placed.run}, which will ask for an approval.`);
    cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn watch ${placed.run}`));
  });
}
