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
import { checkPeoplesSql } from "./scoring/check-sql.ts";
import { type Prepared, prepareEvaluation } from "./scoring/prepare-evaluation.ts";
import { type ScoringLimits, withScoringChild } from "./scoring/scoring-child.ts";
import { scoreHoldouts } from "./scoring/score-holdouts.ts";
import { withHeartbeat } from "./support/heartbeat.ts";
import { readDefinition } from "./support/read-definition.ts";

const tolerance = 1e-5;
const threads = 2;
/** Raise it when what is measured, or how, changes: older measurements are then made anew. */
const measuring = 1;

/**
 * Measures a candidate, beside the champion on the same rows, and asks the gates. Every model runs in a process of its own.
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
  const prepared = await prepareEvaluation(deps, input, run.signal);
  const { candidate, definition, label, champion } = prepared;
  checkSignature(scanModel(await readFile(candidate.path)), candidate.columns, label.task, label.classes?.length ?? 1);
  const [facts] = await Promise.all([measure(prepared, input, run), checkPeoplesSql(deps.scratch, definition, run.signal)]);
  const holdouts = await judge(prepared, run, beat);
  return {
    version: 1, task: label.task, snapshot: input.snapshot, model: input.model,
    champion: champion && { v: champion.v, model: champion.sha256, trainedOnHoldout: champion.trainedOnHoldout }, ...facts, holdouts,
  };
}

/** A throw-away process for the candidate alone: how fast and large it is, and whether it is the model that was trained. */
async function measure(prepared: Prepared, input: EvaluateInput, run: Run): Promise<Pick<EvaluationFacts, "resources" | "parity">> {
  const { candidate, sample, predictions, definition, label } = prepared;
  const open = { files: [sample, predictions], timezone: definition.timezone, models: [candidate], task: label.task, threads };
  return withScoringChild(open, run, async (child, [loadMs]) => {
    const measured = await child.ask({ op: "measure", sample });
    const parity = await child.ask({ op: "parity", sample, predictions, tolerance });
    return { resources: { fileBytes: input.model.bytes, loadMs: loadMs!, ...measured }, parity };
  });
}

/** Scores with the champion; where that fails and the champion is to blame, without it, and the reason stands for its figures. */
async function judge(prepared: Prepared, run: Run, beat: (rows: number) => void): Promise<HoldoutEvaluation[]> {
  if (prepared.champion?.model == null) return scoreHoldouts(prepared, null, threads, run, beat);
  try {
    return await scoreHoldouts(prepared, prepared.champion.model, threads, run, beat);
  } catch (error) {
    const type = failureTypeOf(error);
    if (type !== "ModelRefused" && type !== "InferenceLimit") throw error;
    return scoreHoldouts({ ...prepared, champion: { ...prepared.champion, lost: `the champion could not be run: ${(error as Error).message}` } }, null, threads, run, beat);
  }
}

function conclude(definition: Definition, input: EvaluateInput, measured: MeasuredEvaluation): Evaluation {
  const champion = measured.champion && input.champion && { ...measured.champion, v: input.champion.v };
  const facts: EvaluationFacts = { ...measured, champion, run: input.run };
  const gates = answerGates(definition, facts);
  return { ...facts, gates, passed: gatesPassed(gates) };
}
