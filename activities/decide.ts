import { outcomeOf } from "../policy/approval.ts";
import type { RecordedAnswer } from "../schemas/approval.ts";
import { readJson } from "../schemas/boundary.ts";
import type { Definition } from "../schemas/definition.ts";
import { type Evaluation, evaluation as evaluationSchema } from "../schemas/evaluation.ts";
import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import { approvalDigest } from "../stores/approval-digest.ts";
import { getBlob } from "../stores/blobs.ts";
import { isSameChampion, replacedBy } from "../stores/commit-rules.ts";
import { openRegistry } from "../stores/registry.ts";
import type { Activities, DecideInput } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { readDefinition } from "./support/read-definition.ts";

/** Records a decision in the log. Digest, evidence, answers, quorum and expiry are checked again here: the workflow's word is not enough. */
export function createDecide({ store }: Dependencies): Activities["decide"] {
  return async (input) => {
    const registry = openRegistry(store, input.pipeline);
    const champion = await registry.champion();
    if (!isSameChampion(replacedBy(champion), replacedBy(input.champion))) return { status: "champion-changed", champion };
    checkAgain(input, (await readDefinition(store, input.definition)).approval);
    if (input.decision === "approved") checkEvidence(input, readJson(evaluationSchema, new TextDecoder().decode(await getBlob(store, input.evaluation)), "the evaluation"));
    const recorded = await wasRecorded(registry.recordDecision({
      v: input.v, run: input.run, evaluation: input.evaluation.sha256, champion: replacedBy(champion), decision: input.decision,
      answers: input.answers,
      txn: `${input.run}/decision/${input.question.digest.slice(0, 16)}`,
      actor: { kind: "workflow", name: input.run, claimed: false },
    }));
    return recorded ? { status: "recorded" } : { status: "champion-changed", champion: await registry.champion() };
  };
}

/** Another promotion may come between the look and the commit: then nothing was written, and the question is asked anew. */
async function wasRecorded(commit: Promise<unknown>): Promise<boolean> {
  try {
    await commit;
    return true;
  } catch (error) {
    if (failureTypeOf(error) !== "Superseded") throw error;
    return false;
  }
}

function checkEvidence({ run, model, v }: DecideInput, { passed, ...evaluation }: Evaluation): void {
  if (evaluation.model.sha256 !== model.sha256) throw new RelearnError("StaleApproval", `the evaluation that run ${run} shows is of another model than version ${v}`);
  if (!passed) throw new RelearnError("GateFailed", `version ${v} did not pass its gates, so nobody can approve it`);
}

function checkAgain({ run, model, evaluation, champion, question, decision, answers }: DecideInput, asked: Definition["approval"]): void {
  const approvers = asked.approvers ?? null;
  if (question.required !== asked.required || JSON.stringify(question.approvers) !== JSON.stringify(approvers)) throw new RelearnError("NotApproved", `run ${run} asked for ${question.required} yes, and its definition for ${asked.required} of ${approvers?.join(", ") ?? "anybody"}`);
  const digest = approvalDigest({ run, model: model.sha256, evaluation: evaluation.sha256, champion: replacedBy(champion) });
  if (digest !== question.digest) throw new RelearnError("StaleApproval", `run ${run} asked about ${question.digest.slice(0, 12)}, but its candidate is ${digest.slice(0, 12)} now`);
  const outcome = decision === "expired" ? "waiting" : decision;
  const inTime = answers.filter((answer) => isInTime(answer, question.expiresAt) && mayAnswer(answer, question.approvers));
  if (outcomeOf(inTime, question) !== outcome) throw new RelearnError("NotApproved", `the answers to ${question.digest.slice(0, 12)} do not make it ${decision}`);
}

const isInTime = (answer: RecordedAnswer, expiresAt: string): boolean => Date.parse(answer.at) < Date.parse(expiresAt);
const mayAnswer = (answer: RecordedAnswer, approvers: readonly string[] | null): boolean => approvers === null || approvers.includes(answer.by);
