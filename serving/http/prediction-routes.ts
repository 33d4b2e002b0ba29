import { encodeInfer } from "../protocol/infer-reply.ts";
import { encodeRows } from "../protocol/rows-reply.ts";
import type { ServedModel } from "../served-model.ts";
import { HttpError } from "../../http/error-reply.ts";
import { checkJson } from "./json-of.ts";
import type { Parts } from "./parts.ts";
import { answeredBy, modelOf, predict } from "./predict.ts";
import type { Call, Reply, Route } from "./route-table.ts";

/** Routes that answer with predictions. */
export function predictionRoutes(parts: Parts): readonly Route[] {
  const infer = (call: Call) => answerInfer(parts, call);
  const rows = (call: Call) => answerRows(parts, call, modelOf(parts, call.path.model!), "rows");
  const post = (pattern: string, handle: Route["handle"]): Route => ({ method: "POST", pattern, scope: "predict", handle });
  return [
    post("/v2/models/{model}/infer", infer),
    post("/v2/models/{model}/versions/{version}/infer", infer),
    post("/v1/models/{model}:predict", rows),
    post("/v1/models/{model}/versions/{version}:predict", rows),
    post("/invocations", (call) => answerRows(parts, call, onlyModel(parts, call), "mlflow")),
  ];
}

async function answerRows(parts: Parts, call: Call, model: ServedModel, kind: "rows" | "mlflow"): Promise<Reply> {
  checkJson(call.headers);
  const { prediction } = await predict(parts, call, model, (contract) => parts.bodies.read(kind, call.body, { contract, extras: parts.extras(contract) }));
  return { status: 200, body: encodeRows(prediction), headers: answeredBy(prediction) };
}

async function answerInfer(parts: Parts, call: Call): Promise<Reply> {
  const model = modelOf(parts, call.path.model!);
  const jsonBytes = jsonBytesOf(call);
  const { prediction, decoded } = await predict(parts, call, model, (contract) => parts.bodies.read("infer", call.body, { contract, extras: parts.extras(contract), jsonBytes }));
  const { body, headerLength } = encodeInfer(prediction, decoded.id, decoded.outputs);
  const headers = answeredBy(prediction);
  return headerLength === null ? { status: 200, body, headers } : { status: 200, body, type: "application/octet-stream", headers: [...headers, "Inference-Header-Content-Length", String(headerLength)] };
}

/** Length of the JSON where binary data follow, 0 where there are only those; null where all is JSON. */
function jsonBytesOf({ headers, body }: Call): number | null {
  const length = headers["inference-header-content-length"];
  if (length === undefined) return checkJson(headers), null;
  const at = typeof length === "string" && /^\d{1,10}$/.test(length) ? Number(length) : -1;
  if (at < 0 || at > body.length) throw new HttpError(400, "Inference-Header-Content-Length: expected the length of the JSON in bytes, at most that of the body");
  return at;
}

/** MLflow's path names no model: `?model=` does where there are several. */
function onlyModel(parts: Parts, call: Call): ServedModel {
  const named = new URLSearchParams(call.query).get("model");
  if (named !== null) return modelOf(parts, named);
  const [model, ...others] = parts.models.list();
  if (model === undefined || others.length > 0) throw new HttpError(400, `this server has ${parts.models.list().length} models: say which with ?model=NAME`);
  return model;
}
