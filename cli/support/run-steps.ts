import { count, counted } from "../../policy/counted.ts";
import { gateAnswer, type GateResult } from "../../schemas/gate.ts";
import type { ProgressLine } from "../../schemas/job.ts";
import type { RunRecord, Stage } from "../../schemas/run.ts";
import { duration, figure } from "./format.ts";
import { plain } from "./style.ts";

export const steps = ["ingest", "validate", "train", "evaluate", "register", "approve", "promote"] as const satisfies readonly Stage[];

export interface StepView {
  readonly step: (typeof steps)[number];
  readonly status: "done" | "now" | "later" | "stopped";
  /** Time spent in it so far; null before it begins. */
  readonly seconds: number | null;
  readonly detail: string;
}

/**
 * A run as a list of steps.
 * @param progress of the training job, null where unknown. @param now milliseconds since 1970. @param rollout how its version takes over
 */
export function stepViews(record: RunRecord, progress: ProgressLine | null, now: number, rollout: string | null = null): StepView[] {
  const at = steps.indexOf(record.stage as (typeof steps)[number]);
  const ended = record.endedAt !== null;
  return steps.map((step, i) => {
    const spent = record.seconds[step] ?? null;
    const isNow = !ended && i === at;
    const stopped = ended && record.state !== "promoted" && step === lastStep(record);
    const status = stopped ? "stopped" : isNow ? "now" : spent !== null || (ended && record.state === "promoted") ? "done" : "later";
    return { step, status, seconds: isNow ? (spent ?? 0) + secondsInStep(record, now) : spent, detail: status === "later" ? "" : detailOf(step, record, progress, rollout) };
  });
}

/** The last step that took time: where an ended run stopped. */
function lastStep({ seconds }: RunRecord): Stage | undefined {
  return steps.findLast((step) => seconds[step] !== undefined);
}

/** The record tells what the earlier steps took, so the rest since the start is this one's. */
function secondsInStep({ startedAt, seconds }: RunRecord, now: number): number {
  const before = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  return Math.max(0, (now - Date.parse(startedAt)) / 1000 - before);
}

function detailOf(step: StepView["step"], record: RunRecord, progress: ProgressLine | null, rollout: string | null): string {
  const { rows, gates, v, question, stage, state, reason } = record;
  if (stage === step && state === "held") return `held: ${plain(reason ?? "the data is not complete")}`;
  if (step === "validate" && rows !== null) return `${counted(rows.accepted, "row")} accepted, ${count(rows.quarantined)} quarantined`;
  if (step === "train" && rows !== null) return [counted(rows.train, "row"), ...(stage === "train" ? [progressText(progress)] : [])].filter((text) => text !== "").join(", ");
  if (step === "evaluate" && gates.length > 0) return `gates: ${answersOf(gates)}`;
  if (step === "register" && v !== null) return `version ${v}`;
  if (step === "approve" && state === "waiting" && question !== null) return `waits for ${question.required === 1 ? "a person" : `${question.required} people`}, until ${question.expiresAt.slice(0, 16).replace("T", " ")}Z`;
  if (step === "promote" && stage === step) return rollout ?? "";
  return "";
}

/** `5 yes, 2 not applicable`. */
function answersOf(gates: readonly GateResult[]): string {
  return gateAnswer.options.map((answer) => [gates.filter((gate) => gate.answer === answer).length, answer.replace("-", " ")] as const).filter(([many]) => many > 0).map(([many, said]) => `${many} ${said}`).join(", ");
}

/** `42 %, auc 0.712, 3 min 05 s to go`. */
export function progressText(progress: ProgressLine | null): string {
  if (progress === null) return "";
  const { progressPercentage, metrics = [], estimatedRemainingSeconds, message } = progress;
  return [
    progressPercentage === undefined ? "" : `${Math.floor(progressPercentage)} %`,
    ...metrics.slice(0, 3).map(({ name, value }) => `${plain(name)} ${figure(value)}`),
    message === undefined ? "" : plain(message).slice(0, 80),
    estimatedRemainingSeconds === undefined ? "" : `${duration(estimatedRemainingSeconds)} to go`,
  ].filter((text) => text !== "").join(", ");
}

/** Steps before a person is asked: only their time can be foretold. */
const machineSteps = steps.slice(0, steps.indexOf("approve"));

/**
 * Seconds until the run asks or ends, judged by what an earlier run of the pipeline took; training says so itself where it can.
 * Null where nobody can tell.
 */
export function remainingSeconds(record: RunRecord, progress: ProgressLine | null, earlier: RunRecord | null, now: number): number | null {
  const at = machineSteps.indexOf(record.stage as (typeof machineSteps)[number]);
  if (at === -1 || earlier === null || record.endedAt !== null || record.state === "held") return null;
  const after = machineSteps.slice(at + 1).reduce((sum, step) => sum + (earlier.seconds[step] ?? 0), 0);
  const own = record.stage === "train" ? progress?.estimatedRemainingSeconds : undefined;
  return (own ?? Math.max(0, (earlier.seconds[record.stage] ?? 0) - secondsInStep(record, now))) + after;
}
