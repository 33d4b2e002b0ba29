import { decodeInfer, type InferRequest } from "../protocol/infer-request.ts";
import { encodeInfer } from "../protocol/infer-reply.ts";
import { parseJson } from "../../http/json-body.ts";
import { decodeMlflow } from "../protocol/mlflow-request.ts";
import { decodeRaw } from "../protocol/raw-request.ts";
import { encodeRows } from "../protocol/rows-reply.ts";
import { decodePredict } from "../protocol/rows-request.ts";
import type { ModelContract } from "../../inference/contract.ts";
import type { ServedModel } from "../served-model.ts";
import { HttpError } from "../../http/error-reply.ts";
import { jsonOf } from "./json-of.ts";
import type { Parts } from "./parts.ts";
import { answeredBy, modelOf, predict } from "./predict.ts";
import type { Call, Reply, Route } from "./route-table.ts";

/** Routes that answer with predictions. */
export function predictionRoutes(parts: Parts): readonly Route[] {
  const infer = (call: Call) => answerInfer(parts, call);
  const rows = (call: Call) => answerRows(parts, call, modelOf(parts, call.path.model!), decodePredict);
  const post = (pattern: string, handle: Route["handle"]): Route => ({ method: "POST", pattern, scope: "predict", handle });
  return [
    post("/v2/models/{model}/infer", infer),
    post("/v2/models/{model}/versions/{version}/infer", infer),
    post("/v1/models/{model}:predict", rows),
    post("/v1/models/{model}/versions/{version}:predict", rows),
    post("/invocations", (call) => answerRows(parts, call, onlyModel(parts, call), decodeMlflow)),
  ];
}

async function answerRows(parts: Parts, call: Call, model: ServedModel, decode: typeof decodePredict): Promise<Reply> {
  const body = jsonOf(parts.limits, call);
  const { prediction } = await predict(parts, call, model, (contract) => decode(body, contract, parts.extras(contract), parts.limits));
  return { status: 200, body: encodeRows(prediction), headers: answeredBy(prediction) };
}

async function answerInfer(parts: Parts, call: Call): Promise<Reply> {
  const model = modelOf(parts, call.path.model!);
  const { prediction, decoded } = await predict(parts, call, model, inferReader(parts, call));
  const { body, headerLength } = encodeInfer(prediction, decoded.id, decoded.outputs);
  const headers = answeredBy(prediction);
  return headerLength === null ? { status: 200, body, headers } : { status: 200, body, type: "application/octet-stream", headers: [...headers, "Inference-Header-Content-Length", String(headerLength)] };
}

/** JSON; JSON with binary data behind it; or binary data alone, where the header says 0. */
function inferReader({ limits, extras }: Parts, call: Call): (contract: ModelContract) => InferRequest {
  const length = call.headers["inference-header-content-length"];
  if (length === undefined) {
    const body = jsonOf(limits, call);
    return (contract) => decodeInfer(body, null, contract, extras(contract), limits);
  }
  const at = typeof length === "string" && /^\d{1,10}$/.test(length) ? Number(length) : -1;
  if (at < 0 || at > call.body.length) throw new HttpError(400, "Inference-Header-Content-Length: expected the length of the JSON in bytes, at most that of the body");
  if (at === 0) return (contract) => decodeRaw(call.body, contract, limits);
  const body = parseJson(call.body.subarray(0, at), limits);
  return (contract) => decodeInfer(body, call.body.subarray(at), contract, extras(contract), limits);
}

/** MLflow's path names no model: `?model=` does where there are several. */
function onlyModel(parts: Parts, call: Call): ServedModel {
  const named = new URLSearchParams(call.query).get("model");
  if (named !== null) return modelOf(parts, named);
  const [model, ...others] = parts.models.list();
  if (model === undefined || others.length > 0) throw new HttpError(400, `this server has ${parts.models.list().length} models: say which with ?model=NAME`);
  return model;
}
