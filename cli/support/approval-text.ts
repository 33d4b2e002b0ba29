import type { RunRecord } from "../../schemas/run.ts";
import type { TemporalSettings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { shortTime } from "./format.ts";
import { plain, type Style } from "./style.ts";
import { workflowLink } from "./workflow-link.ts";

/** What waits for an answer, and every way to give one. Empty where nothing waits. */
export function approvalText(record: Pick<RunRecord, "run" | "question" | "answers">, temporal: TemporalSettings, style: Style): string {
  const { question, run } = record;
  if (question === null) return "";
  const link = workflowLink(temporal, run);
  const yes = record.answers.filter((answer) => answer.refused === null && answer.decision === "approve" && question.digest.startsWith(answer.digest)).length;
  return [
    style.bold(`Version ${question.v} waits for an approval`) + `: ${yes} of ${question.required} given, until ${shortTime(question.expiresAt)}${question.approvers === null ? "" : `, by ${plain(question.approvers.join(", "))}`}`,
    `  digest    ${question.digest}`,
    `  look      ${link ?? `in Temporal UI, namespace ${temporal.namespace} (TEMPORAL_UI_URL makes this a link)`}`,
    `  yes       relearn approve ${run} --digest ${question.digest.slice(0, 12)}`,
    `  no        relearn reject ${run} --digest ${question.digest.slice(0, 12)}`,
    `  or        ${signalLine(record, temporal, "you")}`,
  ].join("\n");
}

/** The signal that says yes with Temporal's own CLI. @param by who claims to answer */
export function signalLine({ run, question }: Pick<RunRecord, "run" | "question">, temporal: TemporalSettings, by: string): string {
  return temporalLine(temporal, ["workflow", "signal"], { "workflow-id": run, name: "approve", input: { by, digest: question?.digest ?? "", comment: "" } });
}
