import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { scanModel } from "../inference/scan.ts";
import { checkSignature } from "../inference/signature.ts";
import { answerGates, gatesPassed } from "../policy/gates.ts";
import { readJson } from "../schemas/boundary.ts";
import type { Definition } from "../schemas/definition.ts";
import { type Evaluation, type EvaluationFacts, type HoldoutEvaluation, type MeasuredEvaluation, measuredEvaluation } from "../schemas/evaluation.ts";
import { failureTypeOf } from "../schemas/failures.ts";
import { manifest } from "../schemas/manifest.ts";
import { getBlob, putJsonBlob } from "../stores/blobs.ts";
import { createDocument, getDocument, keyOf } from "../stores/documents.ts";
import type { Activities, EvaluateInput } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { type Prepared, prepareEvaluation } from "./scoring/prepare-evaluation.ts";
import { type ScoringChild, type ScoringLimits, type ScoringOpening, withScoringChild } from "./scoring/scoring-child.ts";
import { scoreHoldouts } from "./scoring/score-holdouts.ts";
import { withHeartbeat } from "./support/heartbeat.ts";
import { readDefinition } from "./support/read-definition.ts";

const tolerance = 1e-5;
const threads = 2;
/** Raise it when what is measured, or how, changes: older measurements are then made anew. */
const measuring = 6;

/**
 * Measures a candidate, beside the champion on the same rows, and asks the gates. Models run in a process apart.
 * The same bytes on the same rows are measured once: what is new costs, what is known does not.
 * @throws RelearnError `ModelRefused` or `InferenceLimit` when the candidate cannot be run; a champion that cannot is a fact.
 */
export function createEvaluate(deps: Pick<Dependencies, "store" | "scratch">, limits?: ScoringLimits): Activities["evaluate"] {
  return async (input) =>
    withHeartbeat(async ({ signal, beat }) => {
      const key = measurementKey(input, await championFacts(deps.store, input.champion));
      const known = await getDocument(deps.store, key, measuredEvaluation, signal);
      const measured = known ?? (await measureAll(deps, input, { scratch: deps.scratch, limits, signal }, (rows) => beat({ rows })));
      if (known === null && isWhole(measured)) await createDocument(deps.store, key, measured, signal);
      const evaluation = conclude(await readDefinition(deps.store, input.definition), input, measured);
      return { evaluation: await putJsonBlob(deps.store, evaluation, signal), passed: evaluation.passed, gates: evaluation.gates };
    });
}

/** A champion that could not be run, or a parity that could not be told, may have been a bad moment: it is looked at again. */
function isWhole({ champion, holdouts, parity }: MeasuredEvaluation): boolean {
  return parity.largest !== null && (champion === null || champion.trainedOnHoldout || holdouts.every(({ flips, difference }) => flips !== null || Object.values(difference ?? {}).some(({ value }) => value !== null)));
}

/** All that the figures rest on; another machine, or another runtime, measures anew. */
function measurementKey({ pipeline, definition, snapshot, windows, model, predictions, sample }: EvaluateInput, champion: object | null): string {
  const machine = { node: process.version, platform: process.platform, arch: process.arch, cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length };
  return `evaluations/${pipeline}/${keyOf({ measuring, definition, snapshot, windows, model, predictions, sample, champion, machine })}.json`;
}

/** What of a champion a measurement depends on: its bytes, and what it was trained on. Its number does not matter. */
async function championFacts(store: Dependencies["store"], champion: EvaluateInput["champion"]): Promise<object | null> {
  if (champion === null) return null;
  const { snapshot, windows, definition } = readJson(manifest, new TextDecoder().decode(await getBlob(store, champion.manifest)), `the manifest of version ${champion.v}`);
  return { model: champion.model, snapshot, windows, definition };
}

type Run = { readonly scratch: string; readonly limits: ScoringLimits | undefined; readonly signal: AbortSignal };

async function measureAll(deps: Pick<Dependencies, "store" | "scratch">, input: EvaluateInput, run: Run, beat: (rows: number) => void): Promise<MeasuredEvaluation> {
  const preparing = prepareScanned(deps, input, run.signal);
  const { facts, scored } = await withScoringChild(preparing.then(openingOf), run, async (child) => {
    const prepared = await preparing;
    return { facts: await measure(child, prepared, input, deps.store), scored: await scoreBeside(child, prepared, beat) };
  });
  const prepared = await preparing;
  const { label, champion } = prepared;
  return {
    version: 1, task: label.task, snapshot: input.snapshot, model: input.model,
    champion: champion && { v: champion.v, model: champion.sha256, trainedOnHoldout: champion.trainedOnHoldout }, ...facts,
    holdouts: "lost" in scored ? await scoreAlone(prepared, scored.lost, run, beat) : scored.holdouts,
  };
}

/** No model reaches a process before its file was scanned and its signature fits. */
async function prepareScanned(deps: Pick<Dependencies, "store" | "scratch">, input: EvaluateInput, signal: AbortSignal): Promise<Prepared> {
  const prepared = await prepareEvaluation(deps, input, signal);
  const { candidate, label } = prepared;
  checkSignature(scanModel(await readFile(candidate.path)), candidate.columns, label.task, label.classes?.length ?? 1);
  return prepared;
}

function openingOf({ definition, sample, predictions, train, holdouts }: Prepared): ScoringOpening {
  const { slices, metrics, timezone } = definition;
  const sql = [...Object.entries(slices).map(([name, text]) => ({ title: `slice "${name}"`, sql: text })), ...Object.entries(metrics).map(([name, metric]) => ({ title: `metric "${name}"`, sql: metric.sql }))];
  return { files: [sample, predictions, ...train, ...holdouts.flatMap(({ files }) => files)], timezone, threads, sql };
}

/** How fast and large the candidate is while the process holds nothing else, whether it is the model that was trained, and by what a server will know it. */
async function measure(child: ScoringChild, { candidate, sample, predictions, label }: Prepared, input: EvaluateInput, store: Dependencies["store"]): Promise<Pick<EvaluationFacts, "resources" | "parity" | "golden">> {
  const { ms: loadMs } = await child.ask({ op: "load", model: candidate, task: label.task });
  const measured = await child.ask({ op: "measure", sample });
  const parity = await child.ask({ op: "parity", sample, predictions, tolerance });
  const golden = await child.ask({ op: "golden", sample });
  return { resources: { fileBytes: input.model.bytes, loadMs, ...measured }, parity, ...(golden && { golden: await putJsonBlob(store, golden) }) };
}

/** Scores with the champion, where there is one that can be run; `lost` when that failed, which may be the champion's fault. */
async function scoreBeside(child: ScoringChild, prepared: Prepared, beat: (rows: number) => void): Promise<{ readonly holdouts: HoldoutEvaluation[] } | { readonly lost: string }> {
  const champion = prepared.champion?.model ?? null;
  if (champion === null) return { holdouts: await scoreHoldouts(child, prepared, beat) };
  try {
    await child.ask({ op: "load", model: champion, task: prepared.label.task });
    return { holdouts: await scoreHoldouts(child, prepared, beat) };
  } catch (error) {
    const type = failureTypeOf(error);
    if (type !== "ModelRefused" && type !== "InferenceLimit") throw error;
    return { lost: `the champion could not be run: ${(error as Error).message}` };
  }
}

/** The candidate's own figures stay when the champion fails; the reason stands for the champion's. */
async function scoreAlone(prepared: Prepared, lost: string, run: Run, beat: (rows: number) => void): Promise<HoldoutEvaluation[]> {
  const { candidate, label, champion } = prepared;
  return withScoringChild(openingOf(prepared), run, async (child) => {
    await child.ask({ op: "load", model: candidate, task: label.task });
    return scoreHoldouts(child, { ...prepared, champion: champion && { ...champion, model: null, lost } }, beat);
  });
}

function conclude(definition: Definition, input: EvaluateInput, measured: MeasuredEvaluation): Evaluation {
  const champion = measured.champion && input.champion && { ...measured.champion, v: input.champion.v };
  const facts: EvaluationFacts = { ...measured, champion, run: input.run };
  const gates = answerGates(definition, facts);
  return { ...facts, gates, passed: gatesPassed(gates) };
}
