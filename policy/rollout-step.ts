import type { ActiveRollout } from "../schemas/commit.ts";
import type { GateResult } from "../schemas/gate.ts";
import { convincing, type GuardEvidence, type RolloutEvidence, type RolloutPlan } from "../schemas/rollout-evidence.ts";
import { count, counted } from "./counted.ts";
import { labelCheck } from "./label-check.ts";

export interface StepQuestion {
  readonly plan: RolloutPlan;
  readonly running: Pick<ActiveRollout, "kind" | "step" | "share" | "paused">;
  readonly evidence: RolloutEvidence;
  /** Wall-clock milliseconds since the rollout began, pauses not counted. */
  readonly spentMs: number;
}

/** `hold`: look again later. `advance`: the next step, at `share` percent. `promote`: there is no further step. */
export type NextStep = { readonly checks: readonly GateResult[]; readonly reason: string } & (
  | { readonly move: "hold" } | { readonly move: "promote" } | { readonly move: "rollback" }
  | { readonly move: "advance"; readonly share: number }
);

/**
 * What to do with a version that is taking over. A no sends it back. Only when every check says yes or does not apply does it go on: without traffic, with
 * too few samples or with servers that are not ready it waits.
 */
export function nextStep(question: StepQuestion): NextStep {
  const checks = checksOf(question);
  const { paused } = question.running;
  const no = checks.find(({ answer }) => answer === "no");
  if (no !== undefined) return { move: "rollback", checks, reason: `${no.gate}: ${no.reason}` };
  if (paused) return { move: "hold", checks, reason: "paused" };
  const missing = checks.find(({ answer }) => answer === "not-evaluated") ?? missingYes(question, checks);
  if (missing !== undefined) return { move: "hold", checks, reason: `${missing.gate}: ${missing.reason}` };
  return { ...onward(question), checks, reason: "every check says yes or does not apply" };
}

/** The step after this one, whatever the evidence says. A share that a person raised is not lowered by it. */
export function onward({ plan, running }: Pick<StepQuestion, "plan" | "running">): { readonly move: "promote" } | { readonly move: "advance"; readonly share: number } {
  const next = plan.shares[running.step + 1];
  return next === undefined ? { move: "promote" } : { move: "advance", share: Math.max(next, running.share) };
}

/** Errors and latency are asked of every step that has traffic, and no reason but a yes lets it go on. */
function missingYes({ plan }: StepQuestion, checks: readonly GateResult[]): GateResult | undefined {
  if (plan.kind === "blueGreen") return undefined;
  const needed = ["error_rate", "p99_ms", "p50_ms"].map((metric) => checks.filter(({ gate }) => gate.startsWith(metric)));
  const [errors = [], p99 = [], p50 = []] = needed;
  const isYes = (found: readonly GateResult[]) => found.some(({ answer }) => answer === "yes");
  if (isYes(errors) && isYes([...p99, ...p50])) return undefined;
  return { gate: isYes(errors) ? "latency" : "errors", answer: "not-evaluated", reason: "a step needs a yes from errors and from latency", observed: null, limit: null };
}

function checksOf(question: StepQuestion): GateResult[] {
  const { plan, evidence } = question;
  const always = [replicasCheck(evidence), deadlineCheck(question)];
  if (plan.kind === "blueGreen") return always;
  return [...always, ...evidence.guards.map((guard) => guardCheck(guard, question)), samplesCheck(question), timeCheck(question)];
}

type Answer = GateResult["answer"];
const check = (gate: string, answer: Answer, reason: string, observed: number | null = null, limit: number | null = null): GateResult => ({ gate, answer, reason, observed, limit });

function replicasCheck({ replicas: { live, ready, failed } }: RolloutEvidence): GateResult {
  const [first] = failed;
  if (first !== undefined) return check("servers", "no", `${first.id} could not load it: ${first.reason}`, ready, live);
  if (live === 0) return check("servers", "not-evaluated", "no server is alive", 0, null);
  if (ready < live) return check("servers", "not-evaluated", `${ready} of ${counted(live, "server")} ready to answer with it`, ready, live);
  return check("servers", "yes", `${ready} of ${counted(live, "server")} ready to answer with it`, ready, live);
}

function deadlineCheck({ plan, running, spentMs }: StepQuestion): GateResult {
  const [spent, limit] = [Math.round(spentMs / 1000), plan.withinMs / 1000];
  if (running.paused) return check("deadline", "not-applicable", "the clock stands while it is paused", spent, limit);
  if (spentMs > plan.withinMs) return check("deadline", "no", `it has not taken over within ${limit} s`, spent, limit);
  return check("deadline", "yes", `${spent} s of ${limit} s are over`, spent, limit);
}

function samplesCheck({ plan, evidence: { candidate } }: StepQuestion): GateResult {
  const enough = candidate.requests >= plan.samples;
  return check("samples", enough ? "yes" : "not-evaluated", `${count(candidate.requests)} of ${counted(plan.samples, "prediction")}`, candidate.requests, plan.samples);
}

function timeCheck({ plan, evidence: { watchedMs } }: StepQuestion): GateResult {
  const [seen, limit] = [(watchedMs ?? 0) / 1000, plan.eachMs / 1000];
  if (watchedMs === null) return check("time", "not-evaluated", "no prediction yet, and it is their time that counts", null, limit);
  return check("time", watchedMs >= plan.eachMs ? "yes" : "not-evaluated", `${seen} s of ${limit} s lie between the first and the last prediction`, seen, limit);
}

/** That outputs differ shows early; how far they do is a figure that wants a step's samples, for over a few dozen predictions PSI tells hardly anything. */
function guardCheck(guard: GuardEvidence, { plan, running, evidence }: StepQuestion): GateResult {
  const { metric, limit, observed, holds, logE, samples } = guard;
  const name = limit === null ? metric : `${metric} > ${short(limit)}`;
  const answer = (said: Answer, reason: string) => check(name, said, reason, observed, limit);
  const moot = notApplicable(guard, running);
  if (moot !== null) return answer("not-applicable", moot);
  if (metric === "disagreement" && limit === null) return answer("not-applicable", observed === null ? "no answer was compared yet" : `${percent(observed)} of ${counted(samples, "answer differs", "answers differ")} from the champion's to the same rows; no limit is given`);
  const seen = `${short(observed ?? 0)}${knownOf(guard)} over ${counted(Math.floor(samples), metric === "wrong_rate" ? "labelled prediction" : "prediction")}, e-value ${evalue(logE)}`;
  if (metric === "wrong_rate") return { ...check(name, "yes", "", observed, limit), ...labelCheck(guard, plan, seen) };
  if (limit === null) return answer("not-evaluated", `the champion's latency is not known, so there is nothing to compare with; give rollbackOn a "${metric} > ..." of its own`);
  const reference = guard.implied && metric === "p99_ms" ? `, for the champion's is ${short(evidence.championP99 ?? 0)}` : "";
  if (logE >= Math.log(convincing) && holds === false && (metric !== "output_shift" || samples >= plan.samples)) return answer("no", `${seen}: it is above ${short(limit)}${reference}`);
  if (observed === null || samples < plan.samples) return answer("not-evaluated", `${count(Math.floor(samples))} of ${counted(plan.samples, "prediction")}`);
  if (holds === false) return answer("not-evaluated", `${seen}: above ${short(limit)}${reference}, and that may still be chance`);
  return answer("yes", `${seen}${reference}`);
}

/** What of a shift the evaluation showed already, to which people said yes. */
const knownOf = ({ metric, allowance = 0 }: GuardEvidence): string => (metric === "output_shift" && allowance > 0 ? ` (of which ${short(allowance)} is known from the evaluation)` : "");

function notApplicable({ metric }: GuardEvidence, { kind, share }: StepQuestion["running"]): string | null {
  if (metric === "disagreement" && kind !== "shadow") return "only a shadow's answers are compared one by one";
  if (metric === "output_shift" && kind === "canary" && share >= 100) return "at 100 % nobody gets the champion's answers";
  return null;
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;
const short = (value: number): string => String(Number(value.toPrecision(4)));
const evalue = (logE: number): string => (logE > Math.log(1e6) ? "above 1000000" : String(Number(Math.exp(logE).toPrecision(2))));
