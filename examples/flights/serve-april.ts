import { RelearnError } from "../../schemas/failures.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { openRegistry } from "../../stores/registry.ts";
import { tryBadCandidate } from "./bad-candidate.ts";
import { countsText } from "./counts.ts";
import type { DemoRuns } from "./demo-runs.ts";
import { openServing, type Serving, type ServingParts } from "./serving.ts";

export interface AprilParts extends ServingParts {
  readonly runs: DemoRuns;
}

/** The version that serves answers April's flights while a second one takes over, and while two bad ones fail to. */
export async function serveApril(parts: AprilParts): Promise<void> {
  const { stage: { chapter, say }, runs } = parts;
  const serving = await runs.asOf("2013-04-01", async (run) => {
    chapter("April, flight by flight over HTTP: the approved version takes over step by step");
    const opened = await openApril(parts, run);
    await takesOver(opened, run.v!);
    say();
    return opened;
  });
  if (serving === null) throw new RelearnError("SetupIncomplete", "the second version took over at once, for no server was alive: look at `relearn doctor`");
  await serving.sendLabels();
  chapter("A bad candidate: inside its graph, day_of_week and hour are swapped");
  await tryBadCandidate(parts, serving, "swapped", ["swap", "day_of_week", "hour"]);
  chapter("Another one: right answers, but slow ones for long flights");
  await tryBadCandidate(parts, serving, "slow", ["slow", "distance", 2_500, 4_000]);
  chapter("Who answered April, with three versions taking over");
  await serving.sendLabels();
  say(`\n${countsText(serving.answers)}`);
  if (serving.answers.failures.length > 0) throw new RelearnError("InferenceFailed", `${serving.answers.failures.length} requests failed, where none should have`);
}

async function takesOver(serving: Serving, v: number): Promise<void> {
  const { operation, n } = await serving.watch(v);
  if (operation.kind !== "promote") throw new RelearnError("GateFailed", `version ${v} went back by entry ${n}${operation.kind === "rollout" ? `: ${operation.reason}` : ""}`);
}

async function openApril({ stage, settings, deps, land }: AprilParts, { v }: RunRecord): Promise<Serving> {
  const version = v === null ? null : await openRegistry(deps.store, "flights").version(v);
  if (version === null) throw new RelearnError("NotFound", "the run has no version");
  await land(4);
  return openServing({ stage, settings, deps, land }, version);
}
