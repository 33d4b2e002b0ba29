import { count, counted } from "../policy/counted.ts";
import { markdownText } from "../policy/markdown-text.ts";
import { readJson } from "../schemas/boundary.ts";
import { addDuration } from "../schemas/calendar.ts";
import { evaluation as evaluationSchema } from "../schemas/evaluation.ts";
import type { Question } from "../schemas/approval.ts";
import { failureTypeOf } from "../schemas/failures.ts";
import { temporalLine } from "../schemas/temporal-line.ts";
import { approvalDigest } from "../stores/approval-digest.ts";
import { getBlob } from "../stores/blobs.ts";
import { replacedBy } from "../stores/commit-rules.ts";
import { quarantineKey, readSnapshot } from "../stores/datasets.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import type { Activities, AskInput } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { announce } from "./support/announce.ts";
import { evidenceMarkdown } from "./support/evidence.ts";
import { approvalRequested } from "./support/notices.ts";
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
    await announce(deps, approvalRequested(input, question));
    return { question, markdown: `${heading(input, question)}\n\n${await dataLine(deps.store, input.pipeline, evaluation.snapshot)}${evidenceMarkdown(evaluation)}\n\n${howToAnswer(deps, input, question)}` };
  };
}

/** A model that saw only a part of its rows must not look as if it had seen them all. */
async function dataLine(store: ObjectStore, pipeline: string, id: string): Promise<string> {
  const found = await readSnapshot(store, pipeline, id).catch((error: unknown) => {
    if (failureTypeOf(error) === "NotFound") return null;
    throw error;
  });
  if (found === null) return "";
  const { in: read, quarantined } = found.rows;
  return `Data: ${counted(read, "row")}, ${count(quarantined)} of them quarantined${quarantined === 0 ? "" : `: see \`${quarantineKey(pipeline, id)}\``}.\n\n`;
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
