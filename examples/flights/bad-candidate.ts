import { gatesText } from "../../cli/support/evidence.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { openRegistry, type Version } from "../../stores/registry.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { passTheGates } from "./past-the-gates.ts";
import type { Serving, ServingParts } from "./serving.ts";
import { spoilModel, type Spoilt } from "./spoil.ts";

/** Lets a spoilt copy of the champion, which the gates would have stopped, begin to take over, and shows why it goes back. */
export async function tryBadCandidate({ stage, settings, deps }: ServingParts, serving: Serving, name: string, spoilt: Spoilt): Promise<void> {
  const { say, screen } = stage;
  const champion = await servesNow(deps.store);
  const { v, run, gates } = await passTheGates(deps, champion, await spoilModel(deps.store, champion.model, spoilt, deps.scratch), name);
  const against = gates.filter(({ answer }) => answer === "no" || answer === "not-evaluated");
  say(`No run would have come to ask for version ${v}; it is registered and approved past its gates, on purpose. What they say:\n\n${gatesText(against, screen)}\n`);
  await stage.line(temporalLine(settings.temporal, ["workflow", "signal"], { "workflow-id": "flights/deployment", name: "propose", input: { v, run } }));
  const { n, operation } = await serving.watch(v);
  if (operation.kind !== "rollout") throw new RelearnError("GateFailed", `version ${v}, which was spoilt, is the champion: entry ${n}`);
  say(`\nversion ${v} went back by itself (entry ${n}), with this evidence:\n\n${gatesText(operation.checks, screen)}`);
}

async function servesNow(store: ObjectStore): Promise<Version> {
  const registry = openRegistry(store, "flights");
  const v = (await registry.champion())?.v;
  const version = v === undefined ? null : await registry.version(v);
  if (version === null) throw new RelearnError("NotFound", "no version of flights serves");
  return version;
}
