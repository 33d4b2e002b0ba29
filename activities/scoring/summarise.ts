import type { DuckDBConnection } from "@duckdb/node-api";
import { counted } from "../../policy/counted.ts";
import type { HoldoutEvaluation } from "../../schemas/evaluation.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { calibrationBins } from "../../stats/calibration.ts";
import { flipsOf } from "../../stats/flips.ts";
import { labelNoise } from "../../stats/label-noise.ts";
import { compareModels, pairedMeanDifference } from "../../stats/metric-intervals.ts";
import { shiftOfScores } from "../../stats/output-shift.ts";
import { rowLosses } from "../../stats/row-losses.ts";
import { rowsToTell } from "../../stats/rows-to-tell.ts";
import { type ScoredRows, takeRows, unusableBecause } from "../../stats/scored-rows.ts";
import { customMetrics } from "./custom-metrics.ts";
import { type Kept, rowsOf } from "./kept-rows.ts";
import type { HoldoutRequest, Trivial } from "./protocol.ts";
import { worstRows } from "./worst-rows.ts";

/** Everything an evaluation says of one holdout, from what was kept of its rows. */
export async function summarise(connection: DuckDBConnection, from: string | null, kept: Kept, request: HoldoutRequest): Promise<HoldoutEvaluation> {
  const { label, holdout, window } = request;
  const strangers = label.task === "regression" ? 0 : kept.label.reduce((count, y) => count + (y < 0 ? 1 : 0), 0);
  if (strangers > 0) throw new RelearnError("DataRefused", `holdout ${holdout} has ${counted(strangers, "row")} whose ${label.column} is none of the known classes: ${label.classes?.join(", ")}`);
  const candidate = rowsOf(kept, 0, label);
  const champion = kept.scores.length > 1 ? rowsOf(kept, 1, label) : null;
  const trivial = trivialRows(candidate, request.trivial);
  const compared = compareModels(candidate, champion, { confidence: request.confidence });
  const custom = await customMetrics(connection, from, kept, request);
  const usable = unusableBecause(candidate) === null;
  return {
    holdout, window, rows: kept.rows,
    // A figure that Relearn measures stands, whatever the definition calls its own.
    candidate: { ...custom.candidate, ...compared.candidate },
    champion: compared.champion && { ...custom.champion, ...compared.champion },
    baseline: compareModels(trivial, null, { manyRows: 0 }).candidate,
    difference: compared.difference && { ...custom.difference, ...compared.difference },
    overBaseline: pairedMeanDifference(rowLosses(candidate), rowLosses(trivial)),
    slices: Object.keys(request.slices).map((slice, s) => sliceOf(slice, kept.slices[s]!, candidate, champion, request)),
    calibration: candidate.task === "regression" || !usable ? [] : calibrationBins(candidate),
    flips: champion === null ? null : flipsOf(candidate, champion),
    outputShift: champion === null ? null : shiftOfScores(candidate, champion),
    labelNoise: champion === null ? null : labelNoise(candidate, champion),
    worstRows: usable && from !== null ? await worstRows(connection, from, candidate, request) : [],
  };
}

function sliceOf(slice: string, inside: Uint8Array, candidate: ScoredRows, champion: ScoredRows | null, request: HoldoutRequest): HoldoutEvaluation["slices"][number] {
  const at = Uint32Array.from(positions(inside));
  const compared = compareModels(takeRows(candidate, at), champion && takeRows(champion, at), { confidence: request.confidence });
  const telling = compared.difference?.[request.telling];
  return { slice, rows: at.length, ...compared, rowsToTell: telling === undefined ? null : rowsToTell(telling, at.length) };
}

function positions(inside: Uint8Array): number[] {
  const at: number[] = [];
  for (let i = 0; i < inside.length; i++) if (inside[i] === 1) at.push(i);
  return at;
}

function trivialRows(rows: ScoredRows, { shares, mean }: Trivial): ScoredRows {
  const n = rows.label.length;
  if (rows.task === "regression") return { ...rows, score: new Float64Array(n).fill(mean) };
  if (rows.task === "binary") return { ...rows, score: new Float64Array(n).fill(shares[1] ?? 0.5) };
  return { ...rows, score: Float64Array.from({ length: n * rows.classes }, (_, i) => shares[i % rows.classes]!) };
}
