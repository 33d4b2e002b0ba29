import { RelearnError } from "../../schemas/failures.ts";
import { tryBadCandidate } from "./bad-candidate.ts";
import { countsText } from "./counts.ts";
import type { DemoRuns } from "./demo-runs.ts";
import type { Stale } from "./go-stale.ts";
import type { ServingParts } from "./serving.ts";

export interface ServeOnParts extends ServingParts {
  readonly runs: DemoRuns;
}

/** The run that the alarm started goes to its question, the challenger takes over while flights are asked for, and two bad candidates fail to. */
export async function serveOn(parts: ServeOnParts, { serving, run }: Stale): Promise<void> {
  const { stage: { chapter, say }, runs } = parts;
  const tookOver = await runs.answering(run, async ({ v }) => {
    chapter("It takes over step by step, while the flights that follow are asked for over HTTP");
    const { operation, n } = await serving.watch(v!);
    if (operation.kind !== "promote") throw new RelearnError("GateFailed", `version ${v} went back by entry ${n}${operation.kind === "rollout" ? `: ${operation.reason}` : ""}`);
    say();
    return true;
  });
  if (tookOver === null) throw new RelearnError("SetupIncomplete", "the second version took over at once, for no server was alive: look at `relearn doctor`");
  await serving.sendLabels();
  chapter("A bad candidate: inside its graph, day_of_week and hour are swapped");
  await tryBadCandidate(parts, serving, "swapped", ["swap", "day_of_week", "hour"]);
  chapter("Another one: right answers, but slow ones for long flights");
  await tryBadCandidate(parts, serving, "slow", ["slow", "distance", 2_500, 4_000]);
  chapter("Who answered, with three versions taking over");
  await serving.sendLabels();
  say(`\n${countsText(serving.answers)}`);
  if (serving.answers.failures.length > 0) throw new RelearnError("InferenceFailed", `${serving.answers.failures.length} requests failed, where none should have`);
}
