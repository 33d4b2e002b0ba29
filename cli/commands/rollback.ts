import { readName, readText, readVersion } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { askDeployment, deploymentLine } from "../support/deployment.ts";
import { knownModel } from "../support/known-model.ts";
import { personOf } from "../support/person.ts";
import { withStore } from "../support/store.ts";
import { withTemporal } from "../support/temporal.ts";

interface RollbackOptions {
  readonly to?: string;
  readonly reason?: string;
  readonly by?: string;
}

/** Serves the champion before this one again, or an earlier one. It needs no approval: it was approved once. */
export async function rollback(cli: Cli, given: string, options: RollbackOptions): Promise<void> {
  const model = readName(given);
  const to = options.to === undefined ? null : readVersion(options.to);
  const input = { by: await personOf(options.by), ...(to === null ? {} : { to }), ...(options.reason === undefined ? {} : { reason: readText("--reason", options.reason, 2_000) }) };
  const settings = await cli.settings();
  await withStore(settings, (store) => knownModel(store, model));
  const answer = await withTemporal(settings, (access) => askDeployment(access, model, "rollback", input, "NotFound"));
  const temporal = deploymentLine(settings.temporal, model, "rollback", input);
  cli.give({ model, v: answer.v, entry: answer.n, temporal }, `version ${answer.v} of ${model} serves again (entry ${answer.n} of its log)`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn history ${model}`));
}
