import type { ModelContract } from "../../inference/contract.ts";
import { readBinary } from "./binary-values.ts";
import { planOf } from "./contract-plan.ts";
import { type DecodeLimits, noExtras } from "./decoded.ts";
import { datatypes } from "./datatypes.ts";
import { allOutputs } from "./infer-outputs.ts";
import type { InferRequest } from "./infer-request.ts";
import { readParameters } from "./request-parameters.ts";
import { refuse } from "./refuse.ts";
import { checkRows } from "./rows-request.ts";

/** A body that is nothing but the values of a model's only input; outputs come back as binary data. @throws RelearnError `InvalidInput`. */
export function decodeRaw(bytes: Buffer, contract: ModelContract, limits: DecodeLimits): InferRequest {
  const [plan, ...others] = planOf(contract).columns;
  if (plan === undefined || others.length > 0) return refuse(`${contract.model} has ${others.length + 1} inputs, and a raw body is for one; say Inference-Header-Content-Length and an input each`);
  // A raw body has no shape: its rows are as many as its bytes make.
  const rows = plan.datatype === "BYTES" ? countStrings(bytes) : bytes.length / (datatypes[plan.datatype]!.bytes * plan.width);
  if (!Number.isInteger(rows)) refuse(`input ${JSON.stringify(plan.name)}: ${bytes.length} bytes are no whole number of rows of ${plan.width} ${plan.datatype}`);
  checkRows(rows, limits);
  return { batch: { rows, columns: [readBinary(plan, plan.datatype, bytes, rows)] }, extras: noExtras, parameters: readParameters(undefined), id: null, outputs: allOutputs(contract, true) };
}

function countStrings(bytes: Buffer): number {
  let [count, at] = [0, 0];
  for (; at + 4 <= bytes.length; count++) at += 4 + bytes.readUInt32LE(at);
  return count;
}
