import type { Operation, RolloutAction, ServingState } from "../schemas/commit.ts";

export type RolloutOperation = Extract<Operation, { kind: "rollout" }>;

/** Whoever gives a version traffic, or more of it, needs the decision that a promotion needs. */
export const needsApproval = (action: RolloutAction): boolean => action === "start" || action === "advance" || action === "set-traffic";

/** What a step of a rollout may not do, whoever wrote it: a second one beside the first, a step of another one, one that never started. */
export function rolloutProblems({ action, v, rollout }: RolloutOperation, { champion, rollout: running }: ServingState): string[] {
  if (action === "start") return startProblems(v, rollout, { champion, running });
  if (running === null) return [`${verb(action)} a rollout, and none was running`];
  if (running.candidate.v !== v) return [`${verb(action)} a rollout of version ${v}, and version ${running.candidate.v} was taking over`];
  if (action === "abort") return rollout === null ? [] : ["aborts a rollout and leaves it running"];
  if (rollout === null || rollout.id !== running.id) return [`${verb(action)} rollout ${running.id} and leaves another one`];
  return stepProblems(action, rollout, running);
}

/** A version is promoted past no other one that is taking over: whoever wants that ends the other rollout first. Null: it may be. */
export function promotionProblem(v: number, { rollout }: ServingState): string | null {
  return rollout === null || rollout.candidate.v === v ? null : `cannot be promoted while version ${rollout.candidate.v} is taking over`;
}

type Running = NonNullable<ServingState["rollout"]>;

function stepProblems(action: RolloutAction, next: Running, running: Running): string[] {
  const problems: string[] = [];
  if (next.kind !== running.kind || next.candidate.model.sha256 !== running.candidate.model.sha256 || next.candidate.v !== running.candidate.v) problems.push(`${verb(action)} rollout ${running.id} and makes another kind or candidate of it`);
  const step = running.step + (action === "advance" ? 1 : 0);
  if (next.step !== step) problems.push(`${verb(action)} from step ${running.step} to step ${next.step}`);
  const paused = action === "pause" || (action !== "resume" && running.paused);
  if (next.paused !== paused) problems.push(`${verb(action)} rollout ${running.id} and leaves it ${next.paused ? "paused" : "going on"}`);
  if (next.share !== running.share && action !== "advance" && action !== "set-traffic") problems.push(`${verb(action)} rollout ${running.id} and moves its share from ${running.share} % to ${next.share} %`);
  return problems;
}

function startProblems(v: number, rollout: RolloutOperation["rollout"], { champion, running }: { readonly champion: ServingState["champion"]; readonly running: ServingState["rollout"] }): string[] {
  if (rollout === null || rollout.candidate.v !== v) return [`starts a rollout of version ${v} and leaves another one`];
  if (rollout.step !== 0 || rollout.paused) return [`starts a rollout of version ${v} at step ${rollout.step}${rollout.paused ? ", paused" : ""}`];
  if (running !== null) return [`starts a rollout of version ${v} while version ${running.candidate.v} was taking over`];
  return champion?.v === v ? [`starts a rollout of version ${v}, which was the champion already`] : [];
}

const verb = (action: RolloutAction): string => (action === "set-traffic" ? "sets the traffic of" : `${action}s`);
