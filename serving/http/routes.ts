import { localSource } from "../../schemas/feedback.ts";
import { encodeFeedback, readFeedback } from "./feedback.ts";
import { informationRoutes } from "./information-routes.ts";
import type { Parts } from "./parts.ts";
import { jsonOf } from "./json-of.ts";
import { predictionRoutes } from "./prediction-routes.ts";
import type { Reply, Route } from "./route-table.ts";

/** Every route of the server, each with what its caller must be allowed to. What is not listed here is not there. */
export function routesOf(parts: Parts): readonly Route[] {
  return [
    ...predictionRoutes(parts),
    { method: "POST", pattern: "/v1/feedback", scope: "feedback", handle: (call) => takeFeedback(parts, jsonOf(parts.limits, call), call.caller ?? localSource) },
    ...informationRoutes(parts),
  ];
}

async function takeFeedback({ feedback }: Parts, body: unknown, source: string): Promise<Reply> {
  return { status: 200, body: encodeFeedback(await feedback.accept(readFeedback(body), source)) };
}
