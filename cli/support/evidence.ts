import type { Evaluation, HoldoutEvaluation } from "../../schemas/evaluation.ts";
import type { GateResult } from "../../schemas/gate.ts";
import type { Cli } from "./cli.ts";
import { count, figure, interval, shortTime, signed, size } from "./format.ts";
import { plain } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

type Screen = Pick<Cli, "style" | "width">;

/** What a person looks at before they answer: metrics with intervals, slices, gates. */
export function evidenceText(evaluation: Evaluation, screen: Screen): string {
  const { holdouts, gates, parity, resources } = evaluation;
  const against = evaluation.champion === null ? "There is no champion yet: this would be the first." : `Against champion version ${evaluation.champion.v}, on the same rows.`;
  return [
    against,
    ...holdouts.flatMap((holdout) => ["", holdoutText(holdout, screen)]),
    "",
    gatesText(gates, screen),
    "",
    `onnxruntime against the trainer: largest difference ${figure(parity.largest)} on ${count(parity.rows)} rows`,
    `${size(resources.fileBytes)}, ${figure(resources.latencyMs.p50)} ms a row (p99 ${figure(resources.latencyMs.p99)} ms), ${count(Math.round(resources.rowsPerSecond))} rows a second, ${size(resources.peakBytes)} of memory at most`,
  ].join("\n");
}

type MetricLine = { readonly name: string } & Pick<HoldoutEvaluation, "candidate" | "champion" | "difference">;

function holdoutText(holdout: HoldoutEvaluation, { style, width }: Screen): string {
  const span = holdout.window === null ? "" : `, ${shortTime(holdout.window.from)} to ${shortTime(holdout.window.to)}`;
  const flips = holdout.flips === null ? [] : [`${(holdout.flips.share * 100).toFixed(1)} % of its rows change their predicted class`];
  return [
    style.bold(`Holdout ${plain(holdout.holdout)}: ${count(holdout.rows)} rows${span}`),
    renderTable(columns(holdout.champion !== null, { baseline: holdout.baseline }), Object.keys(holdout.candidate).map((name) => ({ ...holdout, name })), width),
    ...flips,
    ...(holdout.slices.length === 0 ? [] : ["", slicesText(holdout, { style, width })]),
  ].join("\n");
}

function columns(hasChampion: boolean, { baseline }: Pick<HoldoutEvaluation, "baseline">): Column<MetricLine>[] {
  const compared: Column<MetricLine>[] = [
    { title: "CHAMPION", cell: (line) => cell(line.champion?.[line.name], interval) },
    { title: "DIFFERENCE", cell: (line) => cell(line.difference?.[line.name], signed) },
  ];
  return [
    { title: "METRIC", cell: (line) => plain(line.name) },
    { title: "CANDIDATE", cell: (line) => cell(line.candidate[line.name], interval) },
    ...(hasChampion ? compared : []),
    { title: "TRIVIAL", cell: (line) => cell(baseline[line.name], ({ value }) => figure(value)) },
  ];
}

const cell = <E>(estimate: E | undefined, say: (estimate: E) => string): string => (estimate === undefined ? "-" : plain(say(estimate)));

/** The figure that slices are shown by: the first of these that was computed. */
const sliceMetrics = ["auc", "log_loss", "rmse", "mae"];

function slicesText({ slices, champion }: HoldoutEvaluation, { width }: Screen): string {
  const metric = sliceMetrics.find((name) => name in (slices[0]?.candidate ?? {})) ?? Object.keys(slices[0]?.candidate ?? {})[0];
  if (metric === undefined) return "";
  type Slice = (typeof slices)[number];
  const compared: Column<Slice>[] = [
    { title: "CHAMPION", cell: (slice) => cell(slice.champion?.[metric], interval) },
    { title: "DIFFERENCE", cell: (slice) => cell(slice.difference?.[metric], signed) },
    { title: "ROWS TO TELL", cell: (slice) => (slice.rowsToTell === null ? "-" : `${count(slice.rowsToTell)} more`), right: true },
  ];
  return renderTable<Slice>([
    { title: `SLICE (${plain(metric)})`, cell: (slice) => plain(slice.slice), shrinks: true },
    { title: "ROWS", cell: (slice) => count(slice.rows), right: true },
    { title: "CANDIDATE", cell: (slice) => cell(slice.candidate[metric], interval) },
    ...(champion === null ? [] : compared),
  ], slices, width);
}

/** One line a gate: what it says and why. */
export function gatesText(gates: readonly GateResult[], { style, width }: Screen): string {
  const colour = { yes: style.green, no: style.red, "not-evaluated": style.yellow, "not-applicable": style.dim } as const;
  return renderTable<GateResult>([
    { title: "GATE", cell: (gate) => plain(gate.gate), shrinks: true },
    { title: "ANSWER", cell: (gate) => colour[gate.answer](gate.answer.replace("-", " ")) },
    { title: "WHY", cell: (gate) => plain(gate.reason), shrinks: true },
  ], gates, width);
}
