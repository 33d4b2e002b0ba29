import type { RunRecord } from "../../schemas/run.ts";
import { goodTrainer } from "./world.ts";

interface TrainerCase {
  readonly name: string;
  /** The trainer, a shell script. @param recorded the folder of a model and its predictions that are good, and of spoilt ones */
  readonly script: (recorded: string) => string;
  readonly state: Extract<RunRecord["state"], "failed" | "gated">;
  readonly says: RegExp;
}

const out = '"$RELEARN_OUTPUT_DIR"';
const swapped = (model: string) => (recorded: string): string => `${goodTrainer(recorded)}cp '${recorded}/${model}' ${out}/model.onnx\n`;

export const trainerCases: readonly TrainerCase[] = [
  { name: "writes no model", script: () => "true\n", state: "failed", says: /wrote no model\.onnx in RELEARN_OUTPUT_DIR/ },
  { name: "writes a truncated model", script: (recorded) => `${goodTrainer(recorded)}head -c 500 '${recorded}/model.onnx' > ${out}/model.onnx\n`, state: "failed", says: /model\.onnx \(500 bytes\) is truncated or no ONNX file; write it whole, then rename it/ },
  { name: "writes a model with other inputs", script: swapped("renamed.onnx"), state: "failed", says: /it has no input "far" \(float32 \[n,1\]\).*it wants an input "distance"/ },
  { name: "writes a model that gives NaN", script: swapped("nan.onnx"), state: "gated", says: /parity: the model gives NaN for sample row 0/ },
  { name: "writes a model with external data", script: (recorded) => `${swapped("external.onnx")(recorded)}cp '${recorded}/weights.bin' ${out}\n`, state: "failed", says: /keeps its data outside the file .*; save the model with all of its weights inside/ },
];
