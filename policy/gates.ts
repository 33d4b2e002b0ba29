import type { Definition } from "../schemas/definition.ts";
import type { Estimate, EvaluationFacts, HoldoutEvaluation } from "../schemas/evaluation.ts";
import type { Gate, GateAnswer, GateResult } from "../schemas/gate.ts";
import { counted } from "./counted.ts";
import { answerLabelNoise } from "./label-noise-gate.ts";

type Judged = Pick<Definition, "gates" | "minRows" | "metrics" | "slices" | "validation" | "sources">;
type Of<K extends Gate["kind"]> = Extract<Gate, { kind: K }>;
type Say = (answer: GateAnswer, reason: string, observed?: number | null, limit?: number | null) => GateResult;

/** Fewest rows of a golden set on which "no worse than the champion" can mean anything. */
const fewestGolden = 30;

const lowerIsBetter = new Set(["log_loss", "brier", "ece", "mae", "rmse", "mse", "bias"]);
const higherIsBetter = new Set(["auc", "accuracy", "f1", "precision", "recall", "macro_f1", "macro_auc", "r2"]);

/** Whether a metric is one of Relearn's own, of any task. */
export const isBuiltInMetric = (name: string): boolean => lowerIsBetter.has(name) || higherIsBetter.has(name);

/**
 * What every gate says of a candidate. Parity, the trivial baseline and one absolute quality gate are always asked, then each
 * declared gate. Evidence that is due and missing is never a yes; see `gateAnswer`.
 */
export function answerGates(definition: Judged, facts: EvaluationFacts): GateResult[] {
  const declared = definition.gates.map((gate) => ({ gate, results: answerGate(gate, definition, facts) }));
  const quality = declared.filter(({ gate }) => gate.kind === "atLeast" || gate.kind === "atMost").flatMap(({ results }) => results);
  return [answerParity(facts), answerBaseline(definition, facts), answerQuality(quality), ...answerLabelNoise(definition, facts), ...declared.flatMap(({ results }) => results)];
}

/** Yes and not-applicable go on; no and not-evaluated never do, and nothing passes without a yes from the three that are always asked. */
export function gatesPassed(results: readonly GateResult[]): boolean {
  const always = ["parity", "beats baseline", "absolute quality"].every((name) => results.some(({ gate, answer }) => gate === name && answer === "yes"));
  return always && results.every(({ answer }) => answer === "yes" || answer === "not-applicable");
}

const sayer = (gate: string): Say => (answer, reason, observed = null, limit = null) => ({ gate, answer, reason, observed: usable(observed) ? observed : null, limit });
const usable = (value: number | null | undefined): value is number => typeof value === "number" && Number.isFinite(value);
const shown = (value: number): string => String(Number(value.toPrecision(4)));

function answerParity({ parity }: EvaluationFacts): GateResult {
  const say = sayer("parity");
  if (parity.why !== null || !usable(parity.largest) || !usable(parity.tolerance) || parity.rows < 1) return say("not-evaluated", parity.why ?? "there is no comparison with the trainer's own predictions", null, parity.tolerance);
  const right = parity.largest <= parity.tolerance;
  const reason = `onnxruntime differs from the trainer by at most ${parity.largest.toExponential(1)} over ${counted(parity.rows, "row")}`;
  return say(right ? "yes" : "no", right ? reason : `${reason}; the model file does not do what was trained`, parity.largest, parity.tolerance);
}

function answerBaseline(definition: Judged, facts: EvaluationFacts): GateResult {
  const say = sayer("beats baseline");
  const holdout = facts.holdouts.find((one) => one.holdout === "recent");
  const lack = lacking(holdout, "recent", definition.minRows);
  if (holdout === undefined || lack !== null) return say("not-evaluated", lack ?? "");
  const { value, high, why } = holdout.overBaseline;
  if (!usable(value) || !usable(high)) return say("not-evaluated", why ?? "the difference to the baseline has no interval", value, 0);
  const loss = facts.task === "regression" ? "mse" : "log_loss";
  return say(high < 0 ? "yes" : "no", `${loss} against the trivial model: ${shown(value)}, at most ${shown(high)}; it must be below 0`, value, 0);
}

function answerQuality(answers: readonly GateResult[]): GateResult {
  const say = sayer("absolute quality");
  if (answers.length === 0) return say("not-evaluated", "the definition has no gate atLeast or atMost on a metric; add one");
  const said = answers.find(({ answer }) => answer === "yes") ?? answers.find(({ answer }) => answer === "no") ?? answers[0]!;
  return say(said.answer === "yes" ? "yes" : said.answer === "no" ? "no" : "not-evaluated", `${said.gate}: ${said.reason}`, said.observed, said.limit);
}

function answerGate(gate: Gate, definition: Judged, facts: EvaluationFacts): GateResult[] {
  switch (gate.kind) {
    case "atLeast":
    case "atMost":
      return [answerAbsolute(gate, definition, facts)];
    case "noWorseThanChampion":
      return [answerNoWorse(gate, definition, facts)];
    case "slicesNoWorse":
      return answerSlices(gate, definition, facts);
    case "flipsAtMost":
      return [answerFlips(gate, definition, facts)];
    case "latency":
      return answerLatency(gate, facts);
    case "throughput":
      return [answerLimit(`throughput at least ${gate.rowsPerSecond} rows/s`, facts.resources.rowsPerSecond, gate.rowsPerSecond, "atLeast", "rows/s")];
    case "memory":
      return [answerLimit(`memory at most ${gate.max}`, facts.resources.peakBytes, bytesOf(gate.max), "atMost", "bytes")];
    case "fileSize":
      return [answerLimit(`file at most ${gate.max}`, facts.resources.fileBytes, bytesOf(gate.max), "atMost", "bytes")];
  }
}

function answerAbsolute(gate: Of<"atLeast" | "atMost">, definition: Judged, facts: EvaluationFacts): GateResult {
  const name = `${gate.metric} ${gate.kind === "atLeast" ? "at least" : "at most"} ${gate.value}${on(gate.holdout)}`;
  const holdout = facts.holdouts.find((one) => one.holdout === gate.holdout);
  const lack = lacking(holdout, gate.holdout, definition.minRows);
  if (lack !== null) return sayer(name)("not-evaluated", lack, null, gate.value);
  const estimate = holdout!.candidate[gate.metric];
  if (!usable(estimate?.value)) return sayer(name)("not-evaluated", whyMissing(gate.metric, estimate), null, gate.value);
  return answerLimit(name, estimate.value, gate.value, gate.kind, gate.metric);
}

/**
 * No worse: the paired interval does not show the candidate worse by more than the margin, that is, its better end is within
 * the margin. An equal model passes with the interval's confidence; too few rows to show anything are refused before.
 */
function answerNoWorse(gate: Of<"noWorseThanChampion">, definition: Judged, facts: EvaluationFacts): GateResult {
  const say = sayer(`${gate.metric} no worse than champion${on(gate.holdout)}`);
  const holdout = facts.holdouts.find((one) => one.holdout === gate.holdout);
  const stopped = beforeChampion(say, facts, holdout, gate.holdout, isDrawn(gate.holdout) ? definition.minRows : fewestGolden, gate.margin);
  if (stopped !== null) return stopped;
  const better = betterWay(gate.metric, definition);
  const difference = holdout!.difference?.[gate.metric];
  if (better === null || !usable(difference?.value) || !usable(difference.low) || !usable(difference.high)) return say("not-evaluated", whyMissing(gate.metric, difference), null, gate.margin);
  const worse = better === "higher" ? -difference.value : difference.value;
  const surely = better === "higher" ? -difference.high : difference.low;
  return say(surely > gate.margin ? "no" : "yes", `candidate minus champion is ${shown(difference.value)} (${shown(difference.low)} to ${shown(difference.high)}); ${surely > gate.margin ? "that is worse" : "not shown to be worse"} by more than ${gate.margin}`, worse, gate.margin);
}

const sliceGate = (metric: string): string => `${metric} no worse in slice`;

/** The metrics that slices were judged by, read from the names that `answerSlices` gives its answers. */
export function sliceMetricsOf(results: readonly Pick<GateResult, "gate">[]): readonly string[] {
  return [...new Set(results.flatMap(({ gate }) => (gate.includes(sliceGate("")) ? [gate.slice(0, gate.indexOf(sliceGate("")))] : [])))];
}

/** Each slice by its own value: the margin is what its author allows for chance, and `minRows` keeps small slices out. */
function answerSlices(gate: Of<"slicesNoWorse">, definition: Judged, facts: EvaluationFacts): GateResult[] {
  const name = sliceGate(gate.metric);
  const holdout = facts.holdouts.find((one) => one.holdout === gate.holdout);
  const stopped = beforeChampion(sayer(`${name}s${on(gate.holdout)}`), facts, holdout, gate.holdout, 1, gate.margin);
  if (stopped !== null) return [stopped];
  const slices = Object.keys(definition.slices);
  if (slices.length === 0) return [sayer(`${name}s${on(gate.holdout)}`)("not-evaluated", "the definition declares no slices", null, gate.margin)];
  return slices.map((slice) => answerSlice(sayer(`${name} ${slice}${on(gate.holdout)}`), gate, definition, holdout!.slices.find((one) => one.slice === slice)));
}

function answerSlice(say: Say, gate: Of<"slicesNoWorse">, definition: Judged, slice: HoldoutEvaluation["slices"][number] | undefined): GateResult {
  if (slice === undefined) return say("not-evaluated", "the slice was not measured", null, gate.margin);
  if (slice.rows < definition.minRows) return say("not-applicable", `the slice has ${counted(slice.rows, "row")}, and slices under ${definition.minRows} are not judged`, null, gate.margin);
  const better = betterWay(gate.metric, definition);
  const difference = slice.difference?.[gate.metric];
  if (better === null || !usable(difference?.value)) return say("not-evaluated", whyMissing(gate.metric, difference), null, gate.margin);
  const worse = better === "higher" ? -difference.value : difference.value;
  return say(worse > gate.margin ? "no" : "yes", `candidate minus champion is ${shown(difference.value)} over ${counted(slice.rows, "row")}`, worse, gate.margin);
}

function answerFlips(gate: Of<"flipsAtMost">, definition: Judged, facts: EvaluationFacts): GateResult {
  const say = sayer(`flips at most ${gate.share}${on(gate.holdout)}`);
  const holdout = facts.holdouts.find((one) => one.holdout === gate.holdout);
  const stopped = beforeChampion(say, facts, holdout, gate.holdout, isDrawn(gate.holdout) ? definition.minRows : 1, gate.share);
  if (stopped !== null) return stopped;
  const flips = holdout!.flips;
  if (flips === null || !usable(flips.share)) return say("not-evaluated", "no classes are predicted, so none can flip", null, gate.share);
  return say(flips.share <= gate.share ? "yes" : "no", `${counted(flips.rows, "row gets", "rows get")} another predicted class, ${flips.negative} of them a wrong one`, flips.share, gate.share);
}

/** What can be said before any figure is looked at: there is no champion yet, or its figures mean nothing here. */
function beforeChampion(say: Say, facts: EvaluationFacts, holdout: HoldoutEvaluation | undefined, name: string, fewest: number, limit: number): GateResult | null {
  if (facts.champion === null) return say("not-applicable", "there is no champion yet", null, limit);
  if (facts.champion.trainedOnHoldout && isDrawn(name)) return say("not-evaluated", `champion v${facts.champion.v} was trained on rows of this holdout`, null, limit);
  const lack = lacking(holdout, name, fewest);
  return lack === null ? null : say("not-evaluated", lack, null, limit);
}

function answerLatency(gate: Of<"latency">, { resources }: EvaluationFacts): GateResult[] {
  const wanted = (["p50", "p99"] as const).flatMap((name) => (gate[name] === undefined ? [] : [{ name, text: gate[name] }]));
  if (wanted.length === 0) return [sayer("latency")("not-evaluated", "the gate names neither p50 nor p99")];
  return wanted.map(({ name, text }) => answerLimit(`latency ${name} at most ${text}`, resources.latencyMs.runs > 0 ? resources.latencyMs[name] : null, millisecondsOf(text), "atMost", "ms"));
}

function answerLimit(name: string, observed: number | null | undefined, limit: number, kind: "atLeast" | "atMost", unit: string): GateResult {
  const say = sayer(name);
  if (!usable(observed)) return say("not-evaluated", `${unit} was not measured`, null, limit);
  const met = kind === "atLeast" ? observed >= limit : observed <= limit;
  return say(met ? "yes" : "no", `${shown(observed)} ${unit}, ${kind === "atLeast" ? "at least" : "at most"} ${limit}`, observed, limit);
}

/** `recent` and `reserve` are drawn from the data, so they can be too small; a golden set is what its author chose. */
const isDrawn = (holdout: string): boolean => holdout === "recent" || holdout === "reserve";

function lacking(holdout: HoldoutEvaluation | undefined, name: string, fewest: number): string | null {
  if (holdout === undefined) return `there is no holdout ${JSON.stringify(name)}`;
  const needed = isDrawn(name) || fewest === fewestGolden ? fewest : 1;
  return holdout.rows < needed ? `the holdout ${name} has ${counted(holdout.rows, "row")}, too few to judge by: ${needed} are needed (minRows)` : null;
}

function whyMissing(metric: string, estimate: Estimate | undefined): string {
  return estimate === undefined ? `there is no metric ${JSON.stringify(metric)} for this task` : (estimate.why ?? `${metric} has no number or no interval`);
}

function betterWay(metric: string, { metrics }: Judged): "higher" | "lower" | null {
  if (lowerIsBetter.has(metric)) return "lower";
  return higherIsBetter.has(metric) ? "higher" : (metrics[metric]?.better ?? null);
}

const on = (holdout: string): string => (holdout === "recent" ? "" : ` on ${holdout}`);

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, KB: 1e3, MB: 1e6, GB: 1e9 };
const scaled = (text: string): number => Number.parseFloat(text) * (units[text.replace(/^[\d.]+/, "")] ?? Number.NaN);
const millisecondsOf = scaled;
const bytesOf = scaled;
