import { count, counted } from "../../policy/counted.ts";
import { sliceMetricsOf } from "../../policy/gates.ts";
import type { Evaluation, HoldoutEvaluation } from "../../schemas/evaluation.ts";
import type { GateResult } from "../../schemas/gate.ts";
import type { Cli } from "./cli.ts";
import { figure, interval, shortTime, signed, size } from "./format.ts";
import { plain } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

type Screen = Pick<Cli, "style" | "width">;

/**
 * What a person looks at before they answer: metrics with intervals, slices, gates.
 * @param when `past` where it is looked at again, after it was answered
 */
export function evidenceText(evaluation: Evaluation, screen: Screen, when: "asked" | "past" = "asked"): string {
  const { holdouts, gates, parity, resources } = evaluation;
  const alone = when === "asked" ? "There is no champion yet: this would be the first." : "There was no champion when it was judged.";
  const against = evaluation.champion === null ? alone : `Against champion version ${evaluation.champion.v}, on the same rows.`;
  return [
    against,
    ...holdouts.flatMap((holdout) => ["", holdoutText(holdout, gates, screen)]),
    "",
    gatesText(gates, screen),
    "",
    `onnxruntime against the trainer: largest difference ${figure(parity.largest)} on ${counted(parity.rows, "row")}`,
    `${size(resources.fileBytes)}, ${figure(resources.latencyMs.p50)} ms a row (p99 ${figure(resources.latencyMs.p99)} ms), ${count(Math.round(resources.rowsPerSecond))} rows a second, ${size(resources.peakBytes)} of memory at most`,
  ].join("\n");
}

type MetricLine = { readonly name: string } & Pick<HoldoutEvaluation, "candidate" | "champion" | "difference">;

function holdoutText(holdout: HoldoutEvaluation, gates: readonly GateResult[], { style, width }: Screen): string {
  const span = holdout.window === null ? "" : `, ${shortTime(holdout.window.from)} to ${shortTime(holdout.window.to)}`;
  const flips = holdout.flips === null ? [] : [`${(holdout.flips.share * 100).toFixed(1)} % of its rows change their predicted class`];
  return [
    style.bold(`Holdout ${plain(holdout.holdout)}: ${counted(holdout.rows, "row")}${span}`),
    renderTable(columns(holdout.champion !== null, { baseline: holdout.baseline }), Object.keys(holdout.candidate).map((name) => ({ ...holdout, name })), width),
    ...flips,
    ...shownMetrics(holdout, gates).flatMap((metric) => ["", slicesText(holdout, metric, width)]),
  ].join("\n");
}

function columns(hasChampion: boolean, { baseline }: Pick<HoldoutEvaluation, "baseline">): Column<MetricLine>[] {
  const compared: Column<MetricLine>[] = [
    { title: "CHAMPION", cell: (line) => cell(line.champion?.[line.name], interval), wraps: true },
    { title: "DIFFERENCE", cell: (line) => cell(line.difference?.[line.name], signed), wraps: true },
  ];
  return [
    { title: "METRIC", cell: (line) => plain(line.name) },
    { title: "CANDIDATE", cell: (line) => cell(line.candidate[line.name], interval), wraps: true },
    ...(hasChampion ? compared : []),
    { title: "TRIVIAL", cell: (line) => cell(baseline[line.name], ({ value }) => figure(value)) },
  ];
}

const cell = <E>(estimate: E | undefined, say: (estimate: E) => string): string => (estimate === undefined ? "-" : plain(say(estimate)));

/** Where no gate judges slices, they are shown by the first of these that was computed. */
const usualMetrics = ["auc", "log_loss", "rmse", "mae"];

/** The figures that slices are shown by: those that gates judge them by. */
function shownMetrics({ slices }: HoldoutEvaluation, gates: readonly GateResult[]): readonly string[] {
  const computed = Object.keys(slices[0]?.candidate ?? {});
  const judged = sliceMetricsOf(gates).filter((name) => computed.includes(name));
  return judged.length > 0 ? judged : [...usualMetrics, ...computed].filter((name) => computed.includes(name)).slice(0, 1);
}

function slicesText({ slices, champion }: HoldoutEvaluation, metric: string, width: number): string {
  type Slice = (typeof slices)[number];
  const compared: Column<Slice>[] = [
    { title: "CHAMPION", cell: (slice) => cell(slice.champion?.[metric], interval), wraps: true },
    { title: "DIFFERENCE", cell: (slice) => cell(slice.difference?.[metric], signed), wraps: true },
    { title: "ROWS TO TELL", cell: (slice) => (slice.rowsToTell === null ? "-" : `${count(slice.rowsToTell)} more`), right: true },
  ];
  const table = renderTable<Slice>([
    { title: `SLICE (${plain(metric)})`, cell: (slice) => plain(slice.slice), wraps: true },
    { title: "ROWS", cell: (slice) => count(slice.rows), right: true },
    { title: "CANDIDATE", cell: (slice) => cell(slice.candidate[metric], interval), wraps: true },
    ...(champion === null ? [] : compared),
  ], slices, width);
  const explained = champion !== null && slices.some(({ rowsToTell }) => rowsToTell !== null);
  return explained ? `${table}\nROWS TO TELL: about so many rows more, and the interval of the difference would tell better from worse.` : table;
}

/** One line a gate: what it says and why. */
export function gatesText(gates: readonly GateResult[], { style, width }: Screen): string {
  const colour = { yes: style.green, no: style.red, "not-evaluated": style.yellow, "not-applicable": style.dim } as const;
  return renderTable<GateResult>([
    { title: "GATE", cell: (gate) => plain(gate.gate), wraps: true },
    { title: "ANSWER", cell: (gate) => colour[gate.answer](gate.answer.replace("-", " ")) },
    { title: "WHY", cell: (gate) => plain(gate.reason), wraps: true },
  ], gates, width);
}
