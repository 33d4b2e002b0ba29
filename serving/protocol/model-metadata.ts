import type { ModelContract } from "../../inference/contract.ts";
import { planOf } from "./contract-plan.ts";
import { outputsOf } from "./infer-outputs.ts";

/** What a client needs to make a request of the Open Inference Protocol. */
export function modelMetadata(contract: ModelContract, versions: readonly ModelContract[]): unknown {
  return {
    name: contract.model,
    versions: versions.map(({ v }) => String(v)),
    platform: "onnx_onnxv1",
    inputs: planOf(contract).columns.map(({ name, datatype, width }) => ({ name, datatype, shape: [-1, width] })),
    outputs: outputsOf(contract),
    parameters: { digest: contract.digest, task: contract.task, ...(contract.classes === null ? {} : { classes: contract.classes }) },
  };
}
