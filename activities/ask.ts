import { markdownText } from "../policy/markdown-text.ts";
import { readJson } from "../schemas/boundary.ts";
import { addDuration } from "../schemas/calendar.ts";
import { evaluation as evaluationSchema } from "../schemas/evaluation.ts";
import type { Question } from "../schemas/approval.ts";
import { temporalLine } from "../schemas/temporal-line.ts";
import { approvalDigest } from "../stores/approval-digest.ts";
import { getBlob } from "../stores/blobs.ts";
import { replacedBy } from "../stores/commit-rules.ts";
import type { Activities, AskInput } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { evidenceMarkdown } from "./support/evidence.ts";
import { readDefinition } from "./support/read-definition.ts";

/** Makes the question a person must answer. Its digest names the very bytes it is about, and who would be replaced. */
export function createAsk(deps: Dependencies): Activities["ask"] {
  return async (input) => {
    const { approval } = await readDefinition(deps.store, input.definition);
    const evaluation = readJson(evaluationSchema, new TextDecoder().decode(await getBlob(deps.store, input.evaluation)), "the evaluation");
    const digest = approvalDigest({ run: input.run, model: input.model.sha256, evaluation: input.evaluation.sha256, champion: replacedBy(input.champion) });
    const question: Question = {
      digest, v: input.v, required: approval.required, approvers: approval.approvers ?? null,
      askedAt: input.askedAt, expiresAt: addDuration(input.askedAt, approval.within, "UTC"),
    };
    return { question, markdown: `${heading(input, question)}\n\n${evidenceMarkdown(evaluation)}\n\n${howToAnswer(deps, input, question)}` };
  };
}

function heading({ pipeline, v, champion }: AskInput, { required, approvers, expiresAt }: Question): string {
  const instead = champion === null ? "nothing serves yet" : `instead of version ${champion.v}`;
  const who = approvers === null ? "" : ` of ${markdownText(approvers.join(", "))}`;
  return `# Shall ${pipeline} version ${v} serve, ${instead}?\n\nWaits for ${required} yes${who} until ${expiresAt}.`;
}

function howToAnswer({ links }: Dependencies, { run }: AskInput, { digest }: Question): string {
  const signal = temporalLine({ address: links.temporalAddress, namespace: links.namespace }, ["workflow", "signal"], { "workflow-id": run, name: "approve", input: { by: "YOUR NAME", digest, comment: "" } });
  return `### Answer\n\nDigest \`${digest}\`\n\n\`\`\`\n${signal}\nrelearn approve ${run} --digest ${digest.slice(0, 12)}\n\`\`\`\n\nTo say no: \`reject\` instead of \`approve\`.`;
}
