import { modelMetadata } from "../protocol/model-metadata.ts";
import { asObject } from "../protocol/request-parameters.ts";
import type { ServedModel } from "../served-model.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { Parts } from "./parts.ts";
import { modelOf, versionOf } from "./predict.ts";
import { jsonOf } from "./json-of.ts";
import type { Call, Reply, Route, Scope } from "./route-table.ts";

const reply = (body: unknown, status = 200): Reply => ({ status, body: JSON.stringify(body) });

/** Routes that say what is here and whether it answers. */
export function informationRoutes(parts: Parts): readonly Route[] {
  const get = (scope: Scope, pattern: string, handle: Route["handle"]): Route => ({ method: "GET", pattern, scope, handle });
  const metadata = (call: Call) => reply(metadataOf(modelOf(parts, call.path.model!), versionOf(call)));
  const modelReady = (call: Call) => readiness(parts, modelOf(parts, call.path.model!), versionOf(call));
  return [
    get("public", "/v2/health/live", () => reply({ live: true })),
    get("public", "/v2/health/ready", () => serverReady(parts)),
    get("public", "/v2/models/{model}/ready", modelReady),
    get("public", "/v2/models/{model}/versions/{version}/ready", modelReady),
    get("predict", "/v2", () => reply({ name: "relearn", version: parts.version, extensions: ["binary_tensor_data", "model_repository"] })),
    get("predict", "/v2/models/{model}", metadata),
    get("predict", "/v2/models/{model}/versions/{version}", metadata),
    { method: "POST", pattern: "/v2/repository/index", scope: "predict", handle: (call) => reply(repositoryIndex(parts, call)) },
    get("predict", "/metrics", async () => ({ status: 200, type: parts.metrics.registry.contentType, body: await parts.metrics.registry.metrics() })),
  ];
}

function metadataOf(model: ServedModel, version: number | null): unknown {
  return modelMetadata(model.contract(version), model.versions());
}

/** Ready when every model here answers; not while the server closes. */
function serverReady(parts: Parts): Reply {
  const models = parts.models.list().map((model) => ({ name: model.name, ...aboutOf(model), ready: model.status().ready }));
  const ready = models.length > 0 && models.every((model) => model.ready) && !parts.closing();
  return reply({ ready, models }, ready ? 200 : 503);
}

/** What is out of the ordinary: a version that is pinned, and one that another answers instead of. */
function aboutOf(model: ServedModel): { readonly pinned?: string; readonly instead_of?: string } {
  const { pinned, insteadOf } = model.status();
  return { ...(pinned === null ? {} : { pinned: String(pinned) }), ...(insteadOf === null ? {} : { instead_of: String(insteadOf) }) };
}

function readiness(parts: Parts, model: ServedModel, version: number | null): Reply {
  const ready = !parts.closing() && (version === null ? model.status().ready : model.versions().some(({ v }) => v === version));
  if (version !== null && !ready && !parts.closing()) throw new RelearnError("NotFound", `version ${version} of ${model.name} is not loaded here`);
  return reply({ name: model.name, ...aboutOf(model), ready }, ready ? 200 : 503);
}

const mostIndexBytes = 2 ** 12;

/** `{"ready": true}` leaves out what does not answer. */
function repositoryIndex(parts: Parts, call: Call): unknown {
  const only = call.body.length > 0 && asObject(jsonOf(parts.limits, call, mostIndexBytes), "the body")["ready"] === true;
  return parts.models.list().flatMap((model) => {
    const loaded = model.versions().map(({ v }) => ({ name: model.name, version: String(v), state: "READY", reason: "" }));
    return loaded.length > 0 || only ? loaded : [{ name: model.name, state: "UNAVAILABLE", reason: "no version is loaded" }];
  });
}
