import type { Estimate, HoldoutEvaluation } from "../../schemas/evaluation.ts";
import type { Definition } from "../../schemas/definition.ts";
import { missing } from "../../stats/metric-intervals.ts";
import { ownLoss } from "../../stats/model-metrics.ts";
import type { Prepared, PreparedHoldout } from "./prepare-evaluation.ts";
import type { HoldoutRequest, Trivial } from "./protocol.ts";
import type { ScoringChild } from "./scoring-child.ts";

/** Statistics over rows that were scored already: no model runs in it. */
const summaryMs = 600_000;

/** Scores every holdout by the models that the process has loaded, in one pass over the same rows. */
export async function scoreHoldouts(child: ScoringChild, prepared: Prepared, beat: (rows: number) => void): Promise<HoldoutEvaluation[]> {
  const { label, train, holdouts } = prepared;
  const trivial = await child.ask({ op: "trivial", files: train, label }, summaryMs);
  const scored: HoldoutEvaluation[] = [];
  for (const holdout of holdouts) scored.push(await scoreOne(child, prepared, holdout, trivial, beat));
  return scored;
}

async function scoreOne(child: ScoringChild, prepared: Prepared, { unfair, ...holdout }: PreparedHoldout, trivial: Trivial, beat: (rows: number) => void): Promise<HoldoutEvaluation> {
  const { definition, label, key, champion } = prepared;
  const metrics = Object.entries(definition.metrics).map(([name, { sql }]) => ({ name, sql }));
  const request: HoldoutRequest = { ...holdout, label, key, metrics, trivial, slices: definition.slices, confidence: confidenceOf(definition, holdout.holdout), telling: tellingMetric(definition) };
  if (holdout.files.length > 0) for (const [name, sql] of Object.entries(definition.slices)) await child.ask({ op: "slice", files: holdout.files, slice: { title: `slice "${name}"`, sql } });
  await child.ask({ op: "begin", holdout: request });
  for (let done = false; !done; ) {
    const step = await child.ask({ op: "step" });
    beat(step.rows);
    done = step.done;
  }
  const result = await child.ask({ op: "finish" }, summaryMs);
  const lost = champion?.lost ?? unfair;
  return champion === null || lost === null ? result : withoutComparison(result, lost);
}

/** The strictest confidence asked for a metric on a holdout. */
function confidenceOf({ gates }: Definition, holdout: string): Record<string, number> {
  const asked: Record<string, number> = {};
  for (const gate of gates) if (gate.kind === "noWorseThanChampion" && gate.holdout === holdout) asked[gate.metric] = Math.min(gate.confidence, asked[gate.metric] ?? 1);
  return asked;
}

function tellingMetric({ gates, label }: Definition): string {
  return gates.find((gate) => gate.kind === "slicesNoWorse" || gate.kind === "noWorseThanChampion")?.metric ?? ownLoss(label.task);
}

/** The candidate's own figures stay; every comparison says why there is none. */
function withoutComparison(result: HoldoutEvaluation, why: string): HoldoutEvaluation {
  const none = (metrics: Readonly<Record<string, Estimate>>) => Object.fromEntries(Object.keys(metrics).map((name) => [name, missing(why)]));
  const slices = result.slices.map((slice) => ({ ...slice, champion: slice.champion ?? none(slice.candidate), difference: none(slice.candidate), rowsToTell: null }));
  return { ...result, labelNoise: null, champion: result.champion ?? none(result.candidate), difference: none(result.candidate), flips: null, slices };
}
