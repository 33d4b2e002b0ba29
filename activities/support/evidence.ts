import { count, counted } from "../../policy/counted.ts";
import { sliceMetricsOf } from "../../policy/gates.ts";
import { markdownText } from "../../policy/markdown-text.ts";
import type { Estimate, Evaluation, HoldoutEvaluation } from "../../schemas/evaluation.ts";
import type { GateResult } from "../../schemas/gate.ts";

/** What a person looks at before they say yes, as Markdown tables: metrics with intervals, slices, gates. */
export function evidenceMarkdown(evaluation: Evaluation): string {
  const holdouts = evaluation.holdouts.map((holdout) => holdoutSection(holdout, evaluation.gates));
  return [...holdouts, gatesTable(evaluation.gates)].join("\n\n");
}

function holdoutSection(holdout: HoldoutEvaluation, gates: readonly GateResult[]): string {
  const span = holdout.window === null ? "" : `, ${holdout.window.from.slice(0, 10)} to ${holdout.window.to.slice(0, 10)}`;
  const metrics = Object.keys(holdout.candidate).map((name) => [name, show(holdout.candidate[name]), show(holdout.champion?.[name]), showDifference(holdout.difference?.[name]), show(holdout.baseline[name])]);
  const parts = [`### Holdout \`${holdout.holdout}\`: ${counted(holdout.rows, "row")}${span}`, table(["metric", "candidate", "champion", "difference", "baseline"], metrics)];
  const shown = slicesShownBy(holdout, gates);
  const slices = holdout.slices.map((slice) => [slice.slice, String(slice.rows), ...shown.flatMap((name) => [show(slice.candidate[name]), showDifference(slice.difference?.[name])])]);
  if (slices.length > 0) parts.push(table(["slice", "rows", ...shown.flatMap((name) => [name, "difference"])], slices));
  if (holdout.flips !== null) parts.push(`${counted(holdout.flips.rows, "row gets", "rows get")} another predicted class (${(holdout.flips.share * 100).toFixed(1)} %): ${count(holdout.flips.negative)} a wrong one, ${count(holdout.flips.positive)} the right one.`);
  return parts.join("\n\n");
}

/** The metrics that gates judge slices by; where none does, the first two. */
function slicesShownBy({ candidate }: HoldoutEvaluation, gates: readonly GateResult[]): readonly string[] {
  const judged = sliceMetricsOf(gates).filter((name) => name in candidate);
  return judged.length > 0 ? judged : Object.keys(candidate).slice(0, 2);
}

function gatesTable(gates: readonly GateResult[]): string {
  return `### Gates\n\n${table(["gate", "answer", "why"], gates.map((gate) => [gate.gate, gate.answer, gate.reason]))}`;
}

/** A Markdown table; what a cell holds cannot leave it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function show(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "";
  if (estimate.value === null) return `none: ${estimate.why ?? "not computed"}`;
  return estimate.low === null || estimate.high === null ? figure(estimate.value) : `${figure(estimate.value)} (${figure(estimate.low)} to ${figure(estimate.high)})`;
}

function showDifference(estimate: Estimate | undefined): string {
  if (estimate?.value === undefined || estimate.value === null) return "";
  const sign = estimate.value > 0 ? "+" : "";
  return `${sign}${show(estimate)}`;
}

/** Four significant digits. */
export const figure = (value: number): string => String(Number(value.toPrecision(4)));
