import { type JsonLimits, parseJson } from "../http/json-body.ts";
import { HttpError } from "../http/error-reply.ts";
import type { Call, Reply, Route } from "../http/route-table.ts";
import type { GatewayScope } from "./admit.ts";
import { hookSources, type HookSource, type Read } from "./occurrence.ts";
import { readAlertmanager, readGrafana } from "./read/alert-group.ts";
import { readCloudEvents } from "./read/cloud-events.ts";
import { readStandardWebhook } from "./read/standard-webhook.ts";
import { type Ports, type Taken, takeOccurrences } from "./take-occurrences.ts";

export interface RouteOptions extends Ports {
  readonly limits: JsonLimits;
}

type GatewayRoute = Route<GatewayScope>;

/** Every route of the gateway. What is not listed here is not there. */
export function routesOf(options: RouteOptions): readonly GatewayRoute[] {
  const hooks = hookSources.flatMap((source) => [`/v1/hooks/${source}`, `/v1/hooks/${source}/{pipeline}`].map((pattern): GatewayRoute => ({ method: "POST", pattern, scope: source, handle: (call) => takeHook(source, call, options) })));
  return [...hooks, { method: "GET", pattern: "/healthz", scope: "public", handle: () => ({ status: 200, body: JSON.stringify({ live: true }) }) }];
}

async function takeHook(source: HookSource, call: Call<GatewayScope>, options: RouteOptions): Promise<Reply> {
  const { occurrences, notes } = readers[source](call, () => parseJson(call.body, options.limits));
  const taken = await takeOccurrences({ source, sender: call.caller ?? "", pipeline: call.path.pipeline ?? null, occurrences, may: (pipeline) => call.may(`pipeline:${pipeline}`) }, options);
  return replyOf(taken, notes);
}

const readers: Readonly<Record<HookSource, (call: Call<GatewayScope>, json: () => unknown) => Read>> = {
  alertmanager: (_, json) => readAlertmanager(json()),
  grafana: (_, json) => readGrafana(json()),
  cloudevents: ({ headers }, json) => readCloudEvents(headers, json),
  standard: ({ headers }, json) => readStandardWebhook(headers["webhook-id"] as string, json()),
};

/** `{accepted, workflowId, keys, workflows, ignored}`; 202 where Temporal has something, 200 where there was nothing to do. @throws HttpError where all of it was refused. */
function replyOf(taken: readonly Taken[], notes: readonly string[]): Reply {
  const accepted = taken.filter((one) => one.status === 202);
  const others = taken.filter((one) => one.status !== 202);
  const worst = Math.max(200, ...others.map(({ status }) => status));
  if (accepted.length === 0 && worst > 200) throw new HttpError(worst, distinct(others.filter(({ status }) => status > 200).map(({ reason }) => reason)).slice(0, 5).join("; "));
  const workflows = distinct(accepted.map(({ workflowId }) => workflowId)).map((workflowId) => ({ workflowId, keys: accepted.filter((one) => one.workflowId === workflowId).map(({ key }) => key) }));
  const ignored = [...others.map(({ key, reason }) => ({ key, reason })), ...notes.map((reason) => ({ key: null, reason }))];
  const body = { accepted: accepted.length, workflowId: workflows.length === 1 ? workflows[0]!.workflowId : null, keys: accepted.map(({ key }) => key), workflows, ignored };
  return { status: accepted.length > 0 ? 202 : 200, body: JSON.stringify(body) };
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
