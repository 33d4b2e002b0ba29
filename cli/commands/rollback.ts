import type { Settings } from "../../schemas/settings.ts";
import { readName, readText, readVersion } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { askDeployment, deploymentLine } from "../support/deployment.ts";
import { knownModel } from "../support/known-model.ts";
import { personOf } from "../support/person.ts";
import { pinLocally } from "../support/pin-locally.ts";
import { withStore } from "../support/store.ts";
import { withTemporal } from "../support/temporal.ts";

interface RollbackOptions {
  readonly to?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly local?: boolean;
}

/** Serves the champion before this one again, or an earlier one. It needs no approval: it was approved once. */
export async function rollback(cli: Cli, given: string, options: RollbackOptions): Promise<void> {
  const model = readName(given);
  const to = options.to === undefined ? null : readVersion(options.to);
  const input = { by: await personOf(options.by), ...(to === null ? {} : { to }), ...(options.reason === undefined ? {} : { reason: readText("--reason", options.reason, 2_000) }) };
  const settings = await cli.settings();
  if (options.local === true) return rollbackHere(cli, settings, model, input);
  await withStore(settings, (store) => knownModel(store, model));
  const answer = await withTemporal(settings, (access) => askDeployment(access, model, "rollback", input, "NotFound"));
  const temporal = deploymentLine(settings.temporal, model, "rollback", input);
  cli.give({ model, v: answer.v, entry: answer.n, temporal }, `version ${answer.v} of ${model} serves again (entry ${answer.n} of its log)`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn history ${model}`));
}

interface RollbackInput {
  readonly by: string;
  readonly to?: number;
  readonly reason?: string;
}

/** Pins the version on this host first, which needs nothing but its disk; then asks for the rollback that all servers follow, whose entry lifts the pin. */
async function rollbackHere(cli: Cli, settings: Settings, model: string, input: RollbackInput): Promise<void> {
  const pin = await pinLocally(settings, { model, to: input.to ?? null, reason: input.reason ?? "", by: input.by });
  const { v } = pin.target;
  const recorded = await record(settings, model, { ...input, to: v });
  const text = recorded.entry === null ? `version ${v} of ${model} is pinned on this host; it is not recorded: ${recorded.problem}` : `version ${v} of ${model} serves again, here and everywhere (entry ${recorded.entry} of its log)`;
  cli.give({ model, v, n: pin.n, pinned: recorded.entry === null, entry: recorded.entry, problem: recorded.problem }, text);
  if (recorded.entry === null) cli.say(cli.style.dim(`it answers here until the log decides anew; for all servers: relearn rollback ${model} --to ${v}`));
}

async function record(settings: Settings, model: string, input: RollbackInput): Promise<{ readonly entry: number | null; readonly problem: string | null }> {
  try {
    return { entry: (await withTemporal(settings, (access) => askDeployment(access, model, "rollback", input, "NotFound"))).n, problem: null };
  } catch (error) {
    return { entry: null, problem: (error as Error).message };
  }
}
