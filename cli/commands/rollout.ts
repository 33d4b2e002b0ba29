import { rolloutHeadline } from "../../policy/rollout-text.ts";
import type { ServingState } from "../../schemas/commit.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { DeploymentStatus, RolloutStatus } from "../../workflows/messages.ts";
import { readName, readShare, readText } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { askDeployment, deploymentLine, type DeploymentRequest, deploymentStatus } from "../support/deployment.ts";
import { gatesText } from "../support/evidence.ts";
import { shortTime } from "../support/format.ts";
import { knownModel } from "../support/known-model.ts";
import { personOf } from "../support/person.ts";
import { withStore } from "../support/store.ts";
import { plain } from "../support/style.ts";
import { withTemporal } from "../support/temporal.ts";

interface Options {
  readonly by?: string;
  readonly reason?: string;
}

/** What is taking over, how far it is, by which evidence, and what one can do. */
export async function status(cli: Cli, given: string): Promise<void> {
  const { model, settings, state } = await known(cli, given);
  const found = await withTemporal(settings, (access) => deploymentStatus(access, model));
  cli.give({ model, champion: state?.champion?.v ?? null, log: state?.rollout ?? null, rollout: found?.rollout ?? null, waiting: found?.waiting ?? [] }, textOf(cli, model, state, found));
  if (found?.rollout) cli.say(cli.style.dim(hints(settings, model, found.rollout)));
}

function textOf({ style, width }: Cli, model: string, state: ServingState | null, found: DeploymentStatus | null): string {
  const waiting = (found?.waiting ?? []).map(({ v, run }) => `in line: version ${v}, of ${plain(run)}`);
  const serves = state?.champion == null ? "nothing" : `version ${state.champion.v}`;
  if (!found?.rollout && state?.rollout) return `by its log version ${state.rollout.candidate.v} of ${model} is taking over (${state.rollout.kind}, ${state.rollout.share} %), and no deployment carries it on just now: \`relearn rollout resume ${model}\` starts one, \`relearn rollout abort ${model}\` ends it`;
  if (!found?.rollout) return [`no version of ${model} is taking over; ${serves} serves`, ...waiting].join("\n");
  const { rollout } = found;
  const { v, kind, step, share, paused, shares, phase } = rollout;
  const headline = rolloutHeadline({ rollout: { candidate: { v }, kind, step, share, paused }, shares, settling: phase === "settling" });
  return [
    style.bold(`${model}: ${headline}`), `since ${shortTime(rollout.startedAt)}; ${serves} is the champion`, `waits: ${plain(rollout.reason)}`,
    ...(rollout.checks.length === 0 ? [] : ["", gatesText(rollout.checks, { style, width })]), ...waiting,
  ].join("\n");
}

function hints({ temporal }: Settings, model: string, { paused, phase }: RolloutStatus): string {
  const names = phase === "settling" ? (["abort"] as const) : ([paused ? "resume" : "pause", "advance", "abort"] as const);
  return names.map((name) => `${name.padEnd(8)} relearn rollout ${name} ${model}\n    or   ${deploymentLine(temporal, model, name, { by: "you" })}`).join("\n");
}

const done = { pause: "is paused: it takes no further step, and still goes back if it is worse", resume: "goes on", abort: "was sent back: the champion keeps all traffic", advance: "has taken its next step" } as const;

const steer = (name: keyof typeof done) => async (cli: Cli, given: string, options: Options): Promise<void> => {
  const input = { by: await personOf(options.by), ...(options.reason === undefined ? {} : { reason: readText("--reason", options.reason, 2_000) }) };
  await send(cli, given, name, input, done[name]);
};

export const pause = steer("pause");
export const resume = steer("resume");
export const abort = steer("abort");
export const advance = steer("advance");

/** Gives the new version this percent of the traffic, until its next step gives it more. */
export async function set(cli: Cli, given: string, share: string, options: Options): Promise<void> {
  const percent = readShare(share);
  await send(cli, given, "setTraffic", { share: percent, by: await personOf(options.by) }, `has ${percent} % of the traffic`);
}

async function send(cli: Cli, given: string, name: DeploymentRequest, input: object, what: string): Promise<void> {
  const { model, settings } = await known(cli, given);
  const answer = await withTemporal(settings, (access) => askDeployment(access, model, name, input, "NotFound"));
  const temporal = deploymentLine(settings.temporal, model, name, input);
  const entry = answer.n === 0 ? "" : ` (entry ${answer.n} of its log)`;
  cli.give({ model, v: answer.v, entry: answer.n === 0 ? null : answer.n, temporal }, `version ${answer.v} of ${model} ${what}${entry}`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn ${name === "abort" ? `history ${model}` : `rollout status ${model}`}`));
}

async function known(cli: Cli, given: string): Promise<{ readonly model: string; readonly settings: Settings; readonly state: ServingState | null }> {
  const model = readName(given);
  const settings = await cli.settings();
  const tip = await withStore(settings, async (store) => (await knownModel(store, model)).log.tip());
  return { model, settings, state: tip?.entry.state ?? null };
}
