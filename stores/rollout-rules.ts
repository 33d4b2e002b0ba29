import type { Operation, ServingState } from "../schemas/commit.ts";

export type RolloutOperation = Extract<Operation, { kind: "rollout" }>;

/** What a step of a rollout may not do, whoever wrote it: a second one beside the first, a step of another one, one that never started. */
export function rolloutProblems({ action, v, rollout }: RolloutOperation, { champion, rollout: running }: ServingState): string[] {
  if (action === "start") return startProblems(v, rollout, { champion, running });
  if (running === null) return [`${action}s a rollout, and none was running`];
  if (running.candidate.v !== v) return [`${action}s a rollout of version ${v}, and version ${running.candidate.v} was taking over`];
  if (action === "abort") return rollout === null ? [] : ["aborts a rollout and leaves it running"];
  if (rollout === null || rollout.id !== running.id) return [`${action}s rollout ${running.id} and leaves another one`];
  return action === "advance" && rollout.step !== running.step + 1 ? [`advances from step ${running.step} to step ${rollout.step}`] : [];
}

function startProblems(v: number, rollout: RolloutOperation["rollout"], { champion, running }: { readonly champion: ServingState["champion"]; readonly running: ServingState["rollout"] }): string[] {
  if (rollout === null || rollout.candidate.v !== v) return [`starts a rollout of version ${v} and leaves another one`];
  if (running !== null) return [`starts a rollout of version ${v} while version ${running.candidate.v} was taking over`];
  return champion?.v === v ? [`starts a rollout of version ${v}, which was the champion already`] : [];
}
