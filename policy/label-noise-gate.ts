import type { Definition } from "../schemas/definition.ts";
import type { EvaluationFacts } from "../schemas/evaluation.ts";
import type { GateResult } from "../schemas/gate.ts";
import { counted } from "./counted.ts";
import { labelNoiseLimit } from "./label-limits.ts";
import { finePercent } from "./percent.ts";

/** Standard errors by which noise must lie above its limit before it is no chance. */
const surely = 3;
/** A larger standard error could not tell a fifth of all labels from the usual limit: 0.05 + 3 * 0.03 leaves two more of them below 0.2. */
const mostError = 0.03;

type Answered = Pick<GateResult, "answer" | "reason"> & { readonly observed?: number };

/**
 * Whether the labels of the recent holdout are more wrong than the definition bears: those are labels that were sent as the training rows' were. Asked where labels come from
 * feedback, or the definition says how much noise it bears.
 */
export function answerLabelNoise(definition: Pick<Definition, "validation" | "sources" | "minRows">, facts: EvaluationFacts): GateResult[] {
  const limit = labelNoiseLimit(definition);
  return limit === null ? [] : [{ gate: "label noise", observed: null, limit, ...answered(definition.minRows, facts, limit) }];
}

function answered(minRows: number, { task, champion, holdouts }: EvaluationFacts, limit: number): Answered {
  if (task === "regression") return { answer: "not-applicable", reason: "a regression predicts no classes whose labels could be turned round" };
  if (champion === null) return { answer: "not-applicable", reason: "there is no champion yet, whose scores would say how many errors to expect" };
  if (champion.trainedOnHoldout) return { answer: "not-evaluated", reason: `champion v${champion.v} was trained on rows of this holdout` };
  const recent = holdouts.find(({ holdout }) => holdout === "recent");
  if (recent === undefined || recent.rows < minRows) return { answer: "not-evaluated", reason: `the holdout recent has ${counted(recent?.rows ?? 0, "row")}, too few to judge by: ${minRows} are needed (minRows)` };
  const noise = recent.labelNoise ?? null;
  if (noise === null) return { answer: "not-evaluated", reason: "the champion could not be run on the holdout, or is too unsure of its answers to tell" };
  const isNoisy = noise.share - surely * noise.error > limit;
  const seen = `the champion errs on ${finePercent(noise.champion)} of the holdout and the candidate on ${finePercent(noise.candidate)}, where the champion's scores expect ${finePercent(noise.expected)}: as if ${finePercent(noise.share)} (standard error ${finePercent(noise.error)}) of the labels were wrong`;
  if (!isNoisy && noise.error > mostError) return { answer: "not-evaluated", observed: noise.share, reason: `${seen}; a standard error above ${finePercent(mostError)} cannot tell: a longer windows.holdout has more rows` };
  return { answer: isNoisy ? "no" : "yes", observed: noise.share, reason: isNoisy ? `${seen}; that is more than validation.maxLabelNoise, ${finePercent(limit)}: find out who sends wrong labels` : seen };
}
