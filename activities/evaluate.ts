import { readFile } from "node:fs/promises";
import { scanModel } from "../inference/scan.ts";
import { checkSignature } from "../inference/signature.ts";
import { answerGates, gatesPassed } from "../policy/gates.ts";
import type { Evaluation, EvaluationFacts, HoldoutEvaluation } from "../schemas/evaluation.ts";
import { failureTypeOf } from "../schemas/failures.ts";
import { putJsonBlob } from "../stores/blobs.ts";
import type { Activities, EvaluateInput } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { checkPeoplesSql } from "./scoring/check-sql.ts";
import { type Prepared, prepareEvaluation } from "./scoring/prepare-evaluation.ts";
import { type ScoringLimits, withScoringChild } from "./scoring/scoring-child.ts";
import { scoreHoldouts } from "./scoring/score-holdouts.ts";
import { withHeartbeat } from "./support/heartbeat.ts";

const tolerance = 1e-5;
const threads = 2;

/**
 * Measures a candidate, beside the champion on the same rows, and asks the gates. Every model runs in a process of its own.
 * @throws RelearnError `ModelRefused` or `InferenceLimit` when the candidate cannot be run; a champion that cannot is a fact.
 */
export function createEvaluate(deps: Pick<Dependencies, "store" | "scratch">, limits?: ScoringLimits): Activities["evaluate"] {
  return async (input) =>
    withHeartbeat(async ({ signal, beat }) => {
      const prepared = await prepareEvaluation(deps, input, signal);
      checkSignature(scanModel(await readFile(prepared.candidate.path)), prepared.candidate.columns, prepared.label.task, prepared.label.classes?.length ?? 1);
      const run = { scratch: deps.scratch, limits, signal };
      const [facts] = await Promise.all([measure(prepared, input, run), checkPeoplesSql(deps.scratch, prepared.definition, signal)]);
      const holdouts = await judge(prepared, run, (rows) => beat({ rows }));
      const evaluation = conclude(prepared, input, { ...facts, holdouts });
      return { evaluation: await putJsonBlob(deps.store, evaluation, signal), passed: evaluation.passed, gates: evaluation.gates };
    });
}

type Run = { readonly scratch: string; readonly limits: ScoringLimits | undefined; readonly signal: AbortSignal };

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

function conclude({ definition, label, champion }: Prepared, input: EvaluateInput, measured: Pick<EvaluationFacts, "resources" | "parity" | "holdouts">): Evaluation {
  const facts: EvaluationFacts = {
    version: 1, run: input.run, task: label.task, snapshot: input.snapshot, model: input.model,
    champion: champion && { v: champion.v, model: champion.sha256, trainedOnHoldout: champion.trainedOnHoldout }, ...measured,
  };
  const gates = answerGates(definition, facts);
  return { ...facts, gates, passed: gatesPassed(gates) };
}
